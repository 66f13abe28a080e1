/**
 * Measures the engine at a real model's shape: one training step, generation, or one GRPO iteration. The weights are
 * random, with LoRA rank 16 on all linear layers. With --peer PyTorch + PEFT then runs the same shapes, and the ratio
 * is printed.
 *
 *   node dist/bench/engine.js step     --batch 8 --tokens 256
 *   node dist/bench/engine.js generate --batch 64 --prompt 64 --new 32
 *   node dist/bench/engine.js grpo     --prompts 4 --group 8 --prompt 96 --new 64 --peer 'python peer_torch.py'
 *
 * --device is the execution provider (cpu, webgpu, cuda), --base-dtype how the frozen base is held (float32, bfloat16,
 * q8, q4), --recompute (always, never) is `runtime.recompute`. Prints one JSON line: seconds (median of the repeats
 * after one warm-up), tokens/s, peak resident memory in GB.
 */
import { execFileSync } from 'node:child_process';
import { parseArgs } from 'node:util';
import { adapterSpec } from '../src/adapter/adapter-spec.ts';
import { initialiseAdapter } from '../src/adapter/initialise-adapter.ts';
import { hyperParameters } from '../src/algorithm/loss/hyper-parameters.ts';
import { adamW } from '../src/algorithm/optimizer/adamw.ts';
import { clipGradNorm } from '../src/algorithm/optimizer/clip.ts';
import { openEngine } from '../src/engine/select/select-engine.ts';
import { longestText, ModelPrograms } from '../src/model/model-programs.ts';
import { microBatches } from '../src/policy/batch/micro-batches.ts';
import type { TrainRow } from '../src/policy/batch/train-rows.ts';
import { weighExamples } from '../src/policy/batch/weigh-rows.ts';
import { adapterTraining } from '../src/policy/method/adapter-training.ts';
import { UpdateProgram } from '../src/policy/programs/update-program.ts';
import type { Recipe } from '../src/recipe/recipe.ts';
import { generate } from '../src/rollout/generate.ts';
import { configOf, noiseFrom, randomWeights, shape } from './random-model.ts';
import { benchRecipe } from './random-policy.ts';

const defaults = {
  batch: 8,
  tokens: 256,
  prompts: 4,
  group: 8,
  prompt: 96,
  new: 64,
  repeats: 3,
  threads: 0,
  rank: 16,
  micro: 8,
  vocab: 49152,
  hidden: 576,
  mlp: 1536,
  layers: 30,
  heads: 9,
  kv: 3,
};
type Name = keyof typeof defaults;
const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    ...(Object.fromEntries(Object.keys(defaults).map((name) => [name, { type: 'string' }])) as Record<
      Name,
      { type: 'string' }
    >),
    peer: { type: 'string' },
    method: { type: 'string' },
    device: { type: 'string', default: 'cpu' },
    'base-dtype': { type: 'string' },
    recompute: { type: 'string' },
  },
});
const mode = positionals[0] ?? 'step';
const a = Object.fromEntries(
  Object.entries(defaults).map(([name, value]) => [name, Number(values[name as Name] ?? value)]),
) as Record<Name, number>;

const config = configOf(shape('llama', [a.vocab, a.hidden, a.mlp, a.layers, a.heads, a.kv]));
const noise = noiseFrom(1);
const runtime = {
  engine: 'onnx',
  device: values.device,
  threads: a.threads,
  ...(values['base-dtype'] && { baseDtype: values['base-dtype'] }),
  ...(values.recompute && { recompute: values.recompute }),
};
const recipe = benchRecipe({
  ...(values.method && { method: values.method as Recipe['method'] }),
  adapter: { rank: a.rank, alpha: 2 * a.rank },
  optimizer: { lr: 1e-4, microBatchSize: a.micro },
  steps: 1,
  runtime: runtime as Partial<Recipe['runtime']>,
});
const base = randomWeights(config, recipe.runtime.baseDtype);
const engine = await openEngine(recipe.runtime);
const spec = adapterSpec(recipe, config);
const trainable = adapterTraining({
  layers: config.layers,
  base,
  spec,
  tensors: initialiseAdapter(spec, config, 0),
  baseModel: 'bench',
  schedule: { schedule: recipe.adapter.schedule, steps: 1 },
});
const { linear, frozen } = trainable;
const programs = new ModelPrograms({ engine, config, linear, ...(frozen && { frozen }) });
const updater = new UpdateProgram({
  engine,
  programs,
  trained: Object.keys(trainable.initial),
  objective: 'rl',
  loss: recipe.algorithm,
  recompute: recipe.runtime.recompute,
});
const optimizer = adamW(recipe.optimizer);
let trained = Object.fromEntries(Object.entries(trainable.initial).map(([name, { data }]) => [name, data]));
let moments = optimizer.init(trained);
const betas = Array<number>(config.layers).fill(spec.anneals ? 1 : 0);

const randomIds = (length: number) =>
  Array.from({ length }, () => 1 + Math.floor((noise() * 0.5 + 0.5) * (a.vocab - 2)));

async function update(texts: readonly TrainRow[]): Promise<void> {
  const shared = { loss: recipe.algorithm, maxCompletionLength: recipe.sampling.maxNewTokens };
  const { rows, scalars } = weighExamples(texts, shared);
  const hyper = { ...hyperParameters(recipe.algorithm), ...scalars };
  let sums: Record<string, Float32Array> | undefined;
  for (const batch of microBatches(rows, { rows: a.micro })) {
    const model = programs.inputs(trainable.weights(trained, betas), longestText(batch.packed));
    const { gradients } = await updater.run({ model, batch, temperature: 1, hyper });
    if (sums === undefined) sums = { ...gradients };
    else
      for (const [name, g] of Object.entries(gradients))
        for (let i = 0; i < g.length; i++) sums[name]![i]! += g[i]!;
  }
  clipGradNorm(sums!, 1);
  ({ params: trained, state: moments } = optimizer.update(sums!, moments, trained, 1e-4));
}

const rowOf = (group: number, promptIds: readonly number[], tokenIds: readonly number[]): TrainRow => ({
  group,
  promptIds,
  tokenIds,
  mask: tokenIds.map(() => 1),
  advantage: noise(),
});

const sample = (prompts: readonly (readonly number[])[], groupSize: number) =>
  generate(programs.decoding(trainable.weights(trained, betas)), prompts, {
    groupSize,
    maxNewTokens: a.new,
    temperature: 1,
    topP: 1,
    topK: 0,
    minP: 0,
    eosTokenIds: [],
    seed: 0,
  });

/** Runs the mode once. Returns the tokens processed, and the seconds that its parts took. */
async function once(): Promise<{ readonly tokens: number; readonly [part: string]: number }> {
  if (mode === 'step') {
    const rows = Array.from({ length: a.batch }, () => randomIds(a.tokens));
    await update(rows.map(([first, ...rest], group) => rowOf(group, [first!], rest)));
    return { tokens: a.batch * a.tokens };
  }
  if (mode === 'generate') {
    await sample(
      Array.from({ length: a.batch }, () => randomIds(a.prompt)),
      1,
    );
    return { tokens: a.batch * a.new };
  }
  const prompts = Array.from({ length: a.prompts }, () => randomIds(a.prompt));
  const start = performance.now();
  const groups = await sample(prompts, a.group);
  const sampling_s = (performance.now() - start) / 1000;
  await update(prompts.flatMap((prompt, p) => groups[p]!.map(({ tokenIds }) => rowOf(p, prompt, tokenIds))));
  return { tokens: a.prompts * a.group * a.new, sampling_s };
}

const round = (x: number, digits: number) => Number(x.toFixed(digits));
await once();
const runs: { readonly seconds: number; readonly tokens: number; readonly [part: string]: number }[] = [];
for (let i = 0; i < a.repeats; i++) {
  const start = performance.now();
  const result = await once();
  runs.push({ ...result, seconds: (performance.now() - start) / 1000 });
}
const median = runs.sort((x, y) => x.seconds - y.seconds)[Math.floor(runs.length / 2)]!;
const { tokens, seconds, ...parts } = median;
const ours = {
  engine: 'anneal onnx',
  mode,
  seconds: round(seconds, 3),
  tokens_per_s: round(tokens / seconds, 1),
  ...Object.fromEntries(Object.entries(parts).map(([name, value]) => [name, round(value, 3)])),
  peak_gb: round(process.resourceUsage().maxRSS / 1e6, 2),
};
console.log(JSON.stringify(ours));
await engine.dispose();
if (values.peer) {
  const [command, ...args] = values.peer.split(' ');
  const same = Object.entries(a).flatMap(([name, value]) =>
    name === 'threads' ? [] : [`--${name}`, String(value)],
  );
  const line = execFileSync(command!, [...args, mode, ...same], { encoding: 'utf8' })
    .trim()
    .split('\n')
    .at(-1)!;
  const peer = JSON.parse(line) as typeof ours;
  console.log(JSON.stringify(peer));
  const ratios = { speed: ours.tokens_per_s / peer.tokens_per_s, memory: ours.peak_gb / peer.peak_gb };
  console.log(`speed ${ratios.speed.toFixed(2)} × peer, peak memory ${ratios.memory.toFixed(2)} × peer`);
}
