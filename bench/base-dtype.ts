/**
 * Measures what `runtime.baseDtype` costs and saves: a LoRA step of 4 texts of 256 tokens, one at a time, on a model of
 * random weights that is written to disk first and deleted in the end. Each dtype runs in a process of its own.
 *
 *   node dist/bench/base-dtype.js --size 1.5B --dtypes q8,q4
 *   node dist/bench/base-dtype.js --model models/SmolLM2-135M-Instruct
 *
 * Prints one JSON line for each dtype. Memory in MB: `start` is the process before it loads, `loaded` with the weights,
 * `loadPeak` the most while loading, `stepPeak` the most in the whole run. With --model also the log-probs of a text: the
 * mean and the greatest difference from float32, in nats. The first step compiles. CPU seconds are those of all threads.
 */
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { adapterSpec } from '../src/adapter/adapter-spec.ts';
import { initialiseAdapter } from '../src/adapter/initialise-adapter.ts';
import { hyperParameters } from '../src/algorithm/loss/hyper-parameters.ts';
import { adamW } from '../src/algorithm/optimizer/adamw.ts';
import type { HostTensor, Named } from '../src/engine/engine.ts';
import { openEngine } from '../src/engine/select/select-engine.ts';
import { continuationLogprobs } from '../src/model/batching/continuation-logprobs.ts';
import type { ModelConfig } from '../src/model/config/model-config.ts';
import { longestText, ModelPrograms } from '../src/model/model-programs.ts';
import { readModelConfig } from '../src/model/read-config.ts';
import { loadTokenizer } from '../src/model/tokenizer/tokenizer.ts';
import type { BaseDtype } from '../src/model/weights/base-weights.ts';
import { expectedTensors } from '../src/model/weights/expected-tensors.ts';
import { loadWeights } from '../src/model/weights/load-weights.ts';
import { microBatches } from '../src/policy/batch/micro-batches.ts';
import { weighExamples } from '../src/policy/batch/weigh-rows.ts';
import { adapterTraining } from '../src/policy/method/adapter-training.ts';
import { UpdateProgram } from '../src/policy/programs/update-program.ts';
import { generate } from '../src/rollout/generate.ts';
import { residentGb } from './process-memory.ts';
import { benchRecipe } from './random-policy.ts';

const { values } = parseArgs({
  options: {
    size: { type: 'string', default: '135M' },
    model: { type: 'string' },
    dtypes: { type: 'string', default: 'float32,bfloat16,q8,q4' },
    texts: { type: 'string', default: '4' },
    tokens: { type: 'string', default: '256' },
    repeats: { type: 'string', default: '2' },
    threads: { type: 'string', default: '0' },
    /** Measure one dtype in this process. */
    one: { type: 'string' },
    logprobs: { type: 'string' },
  },
});
const [texts, tokens, repeats, threads] = [values.texts, values.tokens, values.repeats, values.threads].map(
  Number,
) as [number, number, number, number];

/** Llamas of SmolLM2's shape, and of Qwen2.5's but for its biases. */
const sizes: Readonly<Record<string, object>> = {
  '135M': shape({ vocab: 49152, hidden: 576, mlp: 1536, layers: 30, heads: 9, kv: 3 }),
  '0.5B': shape({ vocab: 151936, hidden: 896, mlp: 4864, layers: 24, heads: 14, kv: 2 }),
  '1.5B': shape({ vocab: 151936, hidden: 1536, mlp: 8960, layers: 28, heads: 12, kv: 2 }),
};

function shape(of: Readonly<Record<'vocab' | 'hidden' | 'mlp' | 'layers' | 'heads' | 'kv', number>>): object {
  return {
    model_type: 'llama',
    vocab_size: of.vocab,
    hidden_size: of.hidden,
    intermediate_size: of.mlp,
    num_hidden_layers: of.layers,
    num_attention_heads: of.heads,
    num_key_value_heads: of.kv,
    tie_word_embeddings: true,
    max_position_embeddings: 4096,
    eos_token_id: null,
    bos_token_id: null,
    pad_token_id: 0,
  };
}

/** Runs each dtype in a process of its own, on a model made for that or on the one that is named. */
async function compareDtypes(): Promise<void> {
  const made = values.model === undefined ? await randomModel(values.size) : undefined;
  const model = made ?? values.model!;
  const logprobs = mkdtempSync(join(tmpdir(), 'anneal-bench-'));
  try {
    for (const dtype of values.dtypes.split(',')) {
      const own = ['--one', dtype, '--model', model, ...(made ? [] : ['--logprobs', logprobs])];
      const script = fileURLToPath(import.meta.url);
      const args = ['--expose-gc', script, ...process.argv.slice(2), ...own];
      process.stdout.write(execFileSync(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] }));
    }
  } finally {
    rmSync(logprobs, { recursive: true });
    if (made) rmSync(made, { recursive: true });
  }
}

/** Writes a model of random bfloat16 weights: the same four million numbers again and again. */
async function randomModel(size: string): Promise<string> {
  const json = sizes[size];
  if (json === undefined) throw new Error(`no size "${size}"; there are ${Object.keys(sizes).join(', ')}`);
  const folder = mkdtempSync(join(tmpdir(), `anneal-${size}-`));
  writeFileSync(join(folder, 'config.json'), JSON.stringify(json));
  const header: Record<string, object> = {};
  let position = 0;
  for (const [name, shape] of Object.entries(expectedTensors(await readModelConfig(folder)))) {
    const end = position + 2 * shape.reduce((a, b) => a * b, 1);
    header[name] = { dtype: 'BF16', shape, data_offsets: [position, end] };
    position = end;
  }
  const text = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  const file = createWriteStream(join(folder, 'model.safetensors'));
  file.write(Buffer.concat([length, text]));
  const noise = randomBytes(2 ** 23);
  for (let at = 0; at < position; at += noise.length) {
    const part = noise.subarray(0, Math.min(noise.length, position - at));
    if (!file.write(part)) await once(file, 'drain');
  }
  file.end();
  await once(file, 'finish');
  return folder;
}

/** bfloat16 numbers, uniform in ±.035, by a linear congruence. */
function randomBytes(bytes: number): Uint8Array {
  const bits = new Uint16Array(bytes / 2);
  const float = new Float32Array(1);
  const word = new Uint32Array(float.buffer);
  let state = 1;
  for (let i = 0; i < bits.length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    float[0] = (0.035 * state) / 2 ** 31;
    bits[i] = word[0]! >>> 16;
  }
  return new Uint8Array(bits.buffer);
}

/** Loads a model, and takes LoRA steps. */
async function measure(path: string, dtype: BaseDtype): Promise<object> {
  const start = residentGb().now;
  const config = await readModelConfig(path);
  const clock = performance.now();
  const base = await loadWeights(path, config, dtype);
  const loadSeconds = (performance.now() - clock) / 1000;
  const loadPeak = residentGb().peak;
  globalThis.gc?.();
  const loaded = residentGb().now;
  const step = await lora(config, base);
  const difference = values.logprobs === undefined ? {} : await step.logprobs(values.logprobs, path);
  const took: { readonly wall: number; readonly cpu: number }[] = [];
  for (let i = 0; i <= repeats; i++) {
    const [wall, cpu] = [performance.now(), process.cpuUsage()];
    await step.take();
    const { user, system } = process.cpuUsage(cpu);
    took.push({ wall: (performance.now() - wall) / 1000, cpu: (user + system) / 1e6 });
  }
  const [first, ...rest] = took;
  const least = (of: readonly number[]) => (of.length === 0 ? null : round(Math.min(...of)));
  return {
    model: values.logprobs === undefined ? values.size : path,
    dtype,
    start: mega(start),
    loaded: mega(loaded),
    loadPeak: mega(loadPeak),
    loadSeconds: round(loadSeconds),
    stepPeak: mega(residentGb().peak),
    firstStepSeconds: round(first!.wall),
    firstStepCpuSeconds: round(first!.cpu),
    stepSeconds: least(rest.map(({ wall }) => wall)),
    stepCpuSeconds: least(rest.map(({ cpu }) => cpu)),
    ...(await sampling(step.sample)),
    ...difference,
  };
}

/** CPU milliseconds of a decoding step of 1 and of 32 texts, and the most memory then. */
async function sampling(sample: (texts: number, tokens: number) => Promise<unknown>): Promise<object> {
  const costs: number[] = [];
  for (const size of [1, 32]) {
    await sample(size, 2);
    const before = process.cpuUsage();
    await sample(size, STEPS + 1);
    const { user, system } = process.cpuUsage(before);
    costs.push(Math.round((user + system) / 1e3 / STEPS));
  }
  return { decode1CpuMs: costs[0], decode32CpuMs: costs[1], decodePeak: mega(residentGb().peak) };
}

const STEPS = 8;

const round = (x: number): number => Math.round(100 * x) / 100;
const mega = (gigabytes: number): number => Math.round(1000 * gigabytes);

/** A LoRA of rank 16 on all linear layers of a model, with what its steps need. */
async function lora(config: ModelConfig, base: Named<HostTensor>) {
  const recipe = benchRecipe({ optimizer: { lr: 1e-4, microBatchSize: 1 }, steps: 1 });
  const engine = await openEngine({ engine: 'onnx', device: 'cpu', threads });
  const spec = adapterSpec(recipe, config);
  const { layers } = config;
  const schedule = { schedule: recipe.adapter.schedule, steps: 1 };
  const adapter = initialiseAdapter(spec, config, 0);
  const method = adapterTraining({ layers, base, spec, tensors: adapter, baseModel: 'bench', schedule });
  const programs = new ModelPrograms({ engine, config, linear: method.linear, frozen: base });
  const names = Object.keys(method.initial);
  const loss = recipe.algorithm;
  const updater = new UpdateProgram({ engine, programs, trained: names, objective: 'rl', loss });
  const optimizer = adamW(recipe.optimizer);
  let trained = Object.fromEntries(Object.entries(method.initial).map(([name, { data }]) => [name, data]));
  let moments = optimizer.init(trained);
  const weights = () => method.weights(trained, Array<number>(layers).fill(0));
  const rows = Array.from({ length: texts }, (_, b) => ({
    group: b,
    promptIds: [1],
    tokenIds: Array.from(
      { length: tokens },
      (_, t) => 1 + ((t * 7919 + b * 104729) % (config.vocabSize - 1)),
    ),
    mask: Array<number>(tokens).fill(1),
    advantage: b % 2 === 0 ? 1 : -1,
    oldLogprobs: Array<number>(tokens).fill(-Math.log(config.vocabSize)),
  }));
  return {
    async take(): Promise<void> {
      const weighed = weighExamples(rows, { loss, maxCompletionLength: tokens });
      const hyper = { ...hyperParameters(loss), ...weighed.scalars };
      let sums: Record<string, Float32Array> | undefined;
      for (const batch of microBatches(weighed.rows, { rows: 1 })) {
        const model = programs.inputs(weights(), longestText(batch.packed));
        const { gradients } = await updater.run({ model, batch, temperature: 1, hyper });
        sums ??= { ...gradients };
        if (sums[names[0]!] === gradients[names[0]!]) continue;
        for (const name of names)
          for (let i = 0; i < sums[name]!.length; i++) sums[name]![i]! += gradients[name]![i]!;
      }
      ({ params: trained, state: moments } = optimizer.update(sums!, moments, trained, 1e-4));
    },
    sample: (size: number, maxNewTokens: number) =>
      generate(
        programs.decoding(weights()),
        Array.from({ length: size }, (_, b) => [1 + b, 2, 3, 4]),
        {
          groupSize: 1,
          maxNewTokens,
          temperature: 1,
          topP: 1,
          topK: 0,
          minP: 0,
          eosTokenIds: [],
          seed: 0,
        },
      ),
    /** Log-probs of a text, against those that the float32 run left in a folder. */
    async logprobs(folder: string, path: string): Promise<object> {
      const ids = (await loadTokenizer(path)).encode(TEXT);
      const sequences = [{ prompt: ids.slice(0, 1), completions: [ids.slice(1)] }];
      const [[found]] = (await continuationLogprobs(programs, weights(), {
        sequences,
        limits: { rows: 1 },
      })) as [[number[]]];
      const file = join(folder, 'float32.json');
      if (!values.dtypes.startsWith('float32')) throw new Error('float32 must be the first of --dtypes');
      if (values.one === 'float32') writeFileSync(file, JSON.stringify(found));
      const gaps = (JSON.parse(readFileSync(file, 'utf8')) as number[]).map((x, t) =>
        Math.abs(x - found[t]!),
      );
      const mean = (of: readonly number[]) => of.reduce((a, b) => a + b, 0) / of.length;
      return {
        meanLogprob: round(mean(found)),
        meanGap: Number(mean(gaps).toPrecision(2)),
        greatestGap: Number(Math.max(...gaps).toPrecision(2)),
      };
    },
  };
}

const TEXT = `The water cycle describes how water moves above, on, and just below the surface of the Earth. The sun heats the
oceans, and water evaporates into the air. Rising air cools, and its vapour condenses into clouds. Winds move the clouds
around the globe, and their particles collide, grow, and fall as rain or snow. Some of the snow gathers in ice caps and
glaciers, which can hold frozen water for thousands of years. Most rain falls back into the oceans or onto land, where it
flows over the ground. Part of it enters rivers in valleys, and streams carry it back to the sea.`;

if (values.one === undefined) await compareDtypes();
else console.log(JSON.stringify(await measure(values.model!, values.one as BaseDtype)));
