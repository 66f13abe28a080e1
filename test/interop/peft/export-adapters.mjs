// Writes adapters for PEFT, each with the logits that it has here: node export-adapters.mjs OUT. check-adapters.py then
// loads them. The cases are every adapter below test/fixtures (read and written again) and adapters of our own: on a
// part of a fused layer, of several ranks, stacked on a loaded one.
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createJiti } from 'jiti';

const jiti = createJiti(import.meta.url);
const root = fileURLToPath(new URL('../../../', import.meta.url));
const source = (name) => jiti.import(join(root, 'src', `${name}.ts`));
const { adapterInputs } = await source('adapter/adapter-inputs');
const { adapterShapes } = await source('adapter/adapter-tensors');
const { adaptedLinear } = await source('adapter/afa-lora');
const { readAdapterFolder } = await source('adapter/peft/peft-folder');
const { writeAdapterFolder } = await source('adapter/peft/write-adapter-folder');
const { mountingBase } = await source('adapter/stored-adapter');
const { targetModules } = await source('adapter/target-modules');
const { createOnnxEngine } = await source('engine/onnx/onnx-engine');
const { baseLinear } = await source('model/decoder');
const { writeSafetensors } = await source('model/files/safetensors');
const { ModelPrograms } = await source('model/model-programs');
const { readModelConfig } = await source('model/read-config');
const { batchLogits } = await source('model/token-logits');
const { loadWeights } = await source('model/weights/load-weights');
const { normal, randomStream } = await source('random');

const [out] = process.argv.slice(2);
const fixtures = join(root, 'test', 'fixtures');
const engine = await createOnnxEngine({ threads: 1 });

async function model(folder) {
  const config = await readModelConfig(folder);
  return { config, weights: await loadWeights(folder, config) };
}

/** A random adapter: ranks of `ranks` in turn. */
function fresh(config, { targets, ranks, alpha, seed }) {
  const stream = randomStream(seed, 'interop');
  const paths = targetModules(config, targets);
  const spec = {
    modules: Object.fromEntries(paths.map((path, i) => [path, { rank: ranks[i % ranks.length], alpha }])),
    rsLora: false,
    dora: false,
    loraBias: false,
    placement: 'A-s-B',
    activation: 'silu',
    anneals: false,
  };
  const tensors = Object.fromEntries(
    Object.entries(adapterShapes(spec, config)).map(([name, shape]) => {
      const data = Float32Array.from({ length: shape[0] * shape[1] }, () => 0.2 * normal(stream));
      return [name, { data, shape, dtype: 'float32' }];
    }),
  );
  return { spec, tensors, weights: {}, baseModel: undefined };
}

/** Right-padded rows of random ids. */
function batchOf({ vocabSize }) {
  const stream = randomStream(1, 'ids');
  const lengths = [9, 5, 1];
  return {
    inputIds: lengths.map((length) =>
      Array.from({ length: 9 }, (_, t) => (t < length ? 3 + Math.floor((vocabSize - 3) * stream.next()) : 0)),
    ),
    attentionMask: lengths.map((length) => Array.from({ length: 9 }, (_, t) => (t < length ? 1 : 0))),
  };
}

async function logitsOf(base, adapter) {
  const { config, weights } = mountingBase(base, adapter);
  const { spec, tensors } = adapter;
  const programs = new ModelPrograms({
    engine,
    config,
    linear: (inputs) => adaptedLinear(spec, baseLinear(inputs), inputs),
  });
  const betas = Array(config.layers).fill(0);
  const given = { base: weights, adapter: adapterInputs(spec, { tensors, betas, base: weights }) };
  const { data, shape } = await batchLogits(programs, given, batchOf(config));
  await programs.dispose();
  return { data, shape };
}

/** Writes a case. Weights that an adapter replaces are not in exports: those go to a base of their own. */
async function write(name, { base, folder, adapter }) {
  const to = join(out, name);
  mkdirSync(to, { recursive: true });
  const logits = await logitsOf(base, adapter);
  const notes = await writeAdapterFolder(join(to, 'adapter'), adapter, base.config);
  await writeSafetensors(join(to, 'ours.safetensors'), { logits });
  const { inputIds, attentionMask } = batchOf(base.config);
  const about = { base: resolve(folder), inputIds, attentionMask, notes };
  writeFileSync(join(to, 'case.json'), JSON.stringify(about));
}

for (const kind of [join(fixtures, 'adapters'), join(fixtures, 'own', 'adapters')]) {
  for (const name of readdirSync(kind)) {
    const path = join(kind, name, 'adapter_config.json');
    if (!existsSync(path)) continue;
    const folder = join(kind, name, JSON.parse(readFileSync(path, 'utf8')).base_model_name_or_path);
    const base = await model(folder);
    const adapter = await readAdapterFolder(join(kind, name), base.config);
    if (Object.keys(adapter.weights).length > 0) continue;
    await write(name, { base, folder, adapter });
  }
}

const own = join(fixtures, 'own', 'adapters');
const cases = {
  'fresh-llama': { base: 'llama', targets: 'all-linear', ranks: [4], alpha: 8, seed: 1 },
  'fresh-ranks': { base: 'qwen2', targets: ['q_proj', 'down_proj'], ranks: [2, 5, 3], alpha: 6, seed: 2 },
  'fresh-phi3': { base: 'phi3', targets: 'all-linear', ranks: [4], alpha: 8, seed: 3 },
  'fresh-phi3-part': {
    base: 'phi3',
    targets: ['k_proj', 'up_proj', 'o_proj'],
    ranks: [3],
    alpha: 4,
    seed: 4,
  },
  'fresh-phi3-ranks': { base: 'phi3', targets: 'all-linear', ranks: [4, 1, 7], alpha: 5, seed: 5 },
  'stacked-llama': {
    base: 'llama',
    targets: ['q_proj', 'k_proj'],
    ranks: [3],
    alpha: 4,
    seed: 6,
    under: 'patterns',
  },
  'stacked-qwen2': {
    base: 'qwen2',
    targets: ['v_proj'],
    ranks: [16],
    alpha: 4,
    seed: 7,
    under: 'rslora-patterns',
  },
  'stacked-phi3': { base: 'phi3', targets: 'all-linear', ranks: [2], alpha: 4, seed: 8, under: 'phi3' },
};
for (const [name, { base: of, under, ...settings }] of Object.entries(cases)) {
  const folder = join(own, 'bases', of);
  const base = await model(folder);
  const adapter = fresh(base.config, settings);
  const below = under && { under: await readAdapterFolder(join(own, under), base.config) };
  await write(name, { base, folder, adapter: { ...adapter, ...below } });
}
await engine.dispose();
