/**
 * Measures what sampling costs beside the model: looking for stop strings, choosing tokens, and how full the batches of
 * decoding are.
 *
 *   node dist/bench/rollout.js stops --tokenizer models/SmolLM2-135M-Instruct
 *   node dist/bench/rollout.js draw
 *   node dist/bench/rollout.js schedule
 *   node dist/bench/rollout.js decode --rows 32 --cache-mb 48
 *   node dist/bench/rollout.js turn
 *
 * Prints JSON lines. `stops`: seconds a row of 4,096 tokens, as the text grows and by decoding it anew for each token.
 * `draw`: CPU milliseconds a row and token at 151,936 tokens. `schedule` and `decode`: completions of lengths drawn at
 * random, in waves that wait for their longest and in one session. `schedule` counts the steps at the shape of
 * Qwen2.5-1.5B without computing them; `decode` computes them on a model of 135M parameters' width with four layers.
 * `turn`: a token for each of 16 conversations of 768 tokens, to which 32 were added, on the same model: computed anew,
 * and after the kept ones.
 */
import { parseArgs } from 'node:util';
import { createOnnxEngine } from '../src/engine/onnx/onnx-engine.ts';
import type { DecodingModel } from '../src/model/cache/decoding-model.ts';
import { KeptKeys } from '../src/model/cache/kept-keys.ts';
import { bytesOfToken } from '../src/model/cache/kv-cache.ts';
import { baseLinear } from '../src/model/decoder.ts';
import { ModelPrograms } from '../src/model/model-programs.ts';
import { loadTokenizer } from '../src/model/tokenizer/tokenizer.ts';
import { initialiseWeights } from '../src/model/weights/initialise-weights.ts';
import { normal, randomStream } from '../src/random.ts';
import { drawToken } from '../src/rollout/drawing/draw-token.ts';
import type { DecodeRequest } from '../src/rollout/session/decode-row.ts';
import { DecodeSession } from '../src/rollout/session/decode-session.ts';
import { stopStrings } from '../src/rollout/stop-strings.ts';
import { configOf, shape } from './random-model.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    tokenizer: { type: 'string', default: 'models/tiny' },
    rows: { type: 'string', default: '32' },
    'cache-mb': { type: 'string', default: '48' },
  },
});

const print = (line: object) => console.log(JSON.stringify(line));

/** CPU and wall seconds of some work. */
async function timed(work: () => void | Promise<void>): Promise<{ cpu: number; wall: number }> {
  const [start, before] = [performance.now(), process.cpuUsage()];
  await work();
  const { user, system } = process.cpuUsage(before);
  return { cpu: (user + system) / 1e6, wall: (performance.now() - start) / 1e3 };
}

async function stops(): Promise<void> {
  const tokenizer = await loadTokenizer(values.tokenizer);
  const random = randomStream(1, 'stops');
  const ids = Array.from({ length: 4096 }, () => Math.floor(random.next() * tokenizer.vocabSize));
  const stop = ['\n\nQuestion:', '</answer>'];
  const grown = await timed(() => {
    const watch = stopStrings(tokenizer, stop).watch();
    for (const id of ids) watch(id);
  });
  const anew = await timed(() => {
    for (let t = 1; t <= ids.length; t++) {
      const text = tokenizer.decode(ids.slice(0, t), { skipSpecialTokens: true });
      stop.some((each) => text.includes(each));
    }
  });
  print({ part: 'stops', tokenizer: values.tokenizer, tokens: ids.length, grown, anew });
}

async function draw(): Promise<void> {
  const size = 151_936;
  const random = randomStream(1, 'draw');
  // Few likely tokens and a long tail, as models give them, and noise, as random weights give it.
  const weightOf: Record<string, (i: number) => number> = {
    tail: (i) => 1 / (1 + ((i * 7919) % size)) ** 1.3,
    noise: () => Math.exp(0.02 * normal(random)),
  };
  for (const [kind, weight] of Object.entries(weightOf)) {
    const weights = Float32Array.from({ length: size }, (_, i) => weight(i));
    const total = weights.reduce((sum, each) => sum + each, 0);
    const probabilities = weights.map((each) => each / total);
    for (const more of [
      {},
      { topP: 0.95 },
      { topK: 50 },
      { minP: 0.05 },
      { topP: 0.9, topK: 50, minP: 0.02 },
    ]) {
      const truncation = { topP: 1, topK: 0, minP: 0, ...more };
      const times = (count: number) => () => {
        for (let i = 0; i < count; i++) drawToken(probabilities, truncation, random.next());
      };
      await timed(times(30));
      const { cpu } = await timed(times(100));
      print({ part: 'draw', kind, ...truncation, ms: 10 * cpu });
    }
  }
}

/** Completions of random lengths, most of them short: 64 + an exponential of mean 600, at most 4,096. */
function lengths(count: number, most: number): number[] {
  const random = randomStream(1, 'lengths');
  const scale = most / 4096;
  return Array.from({ length: count }, () =>
    Math.max(1, Math.min(most, Math.round(scale * (64 - 600 * Math.log(1 - random.next()))))),
  );
}

const request = (promptIds: readonly number[], maxNewTokens: number): DecodeRequest => ({
  promptIds,
  maxNewTokens,
  temperature: 0,
  topP: 1,
  topK: 0,
  minP: 0,
  eosTokenIds: [],
  stream: randomStream(0, 'rows'),
});

/** Work that a model was asked for. */
interface Work {
  steps: number;
  rows: number;
  /** Positions that attention went over, and those of them that hold a token. */
  positions: number;
  used: number;
  prefilled: number;
}

/** The same model, which counts what it is asked for. */
function counting(model: DecodingModel, work: Work): DecodingModel {
  return {
    ...model,
    prefill: (ids, lengths) => {
      work.prefilled += Array.from(lengths.data).reduce((sum, length) => sum + Number(length), 0);
      return model.prefill(ids, lengths);
    },
    step: (ids, cache, options) => {
      work.steps++;
      work.rows += ids.length;
      work.positions += ids.length * cache.capacity;
      work.used += cache.lengths.reduce((sum, length) => sum + length, 0);
      return model.step(ids, cache, options);
    },
  };
}

/** Decodes rows in waves of `size`, each to its end; one session without a size. */
async function decodeAll(
  model: DecodingModel,
  rows: readonly DecodeRequest[],
  { size = rows.length, cacheBytes }: { readonly size?: number; readonly cacheBytes: number },
): Promise<object> {
  const work: Work = { steps: 0, rows: 0, positions: 0, used: 0, prefilled: 0 };
  const time = await timed(async () => {
    for (let start = 0; start < rows.length; start += size) {
      const session = new DecodeSession(counting(model, work), { cacheBytes });
      for (const row of rows.slice(start, start + size)) session.admit(row);
      while (!session.idle) await session.step();
    }
  });
  const { steps, rows: tokens, positions, used, prefilled } = work;
  return { steps, rowsAStep: tokens / steps, filled: used / positions, prefilled, ...time };
}

/** Rows of a wave for which the memory would hold prompts and the most tokens: whole groups, at least one. */
const waveOf = (bytes: number, tokens: number, model: DecodingModel, group: number): number =>
  group * Math.max(1, Math.floor(Math.min(256, bytes / bytesOfToken(model.cache) / tokens) / group));

/** Keys without content, of one number a token: the same schedule as at 1.5B in as much less memory. */
const hollow: DecodingModel = {
  cache: { layers: 1, kvHeads: 1, headDim: 1 },
  vocabSize: 1,
  maxPositions: 8192,
  prefill: async ({ shape }) => keys(shape[0]!, shape[1]!),
  extend: async ({ shape }) => keys(shape[0]!, shape[1]!),
  step: async (ids) => {
    const ones = new Float32Array(ids.length).fill(1);
    return {
      likeliest: new Int32Array(ids.length),
      topProbabilities: ones,
      topLogits: ones,
      tensors: keys(ids.length, 1),
    };
  },
};

function keys(rows: number, tokens: number) {
  const data = new Float32Array(rows * tokens);
  return Array.from({ length: 2 }, () => ({ data, shape: [rows, 1, tokens, 1], dtype: 'float32' }) as const);
}

async function schedule(): Promise<void> {
  const real = bytesOfToken({ layers: 28, kvHeads: 2, headDim: 128 });
  const cacheBytes = (2 ** 30 * bytesOfToken(hollow.cache)) / real;
  for (const group of [1, 8]) {
    const prompts = Array.from({ length: 16 }, (_, p) => Array.from({ length: 512 }, () => p));
    const rows = lengths(16 * group, 4096).map((most, i) => request(prompts[Math.floor(i / group)]!, most));
    const size = waveOf(cacheBytes, 512 + 4096, hollow, group);
    // A wave was given all the memory that its rows took.
    const waves = await decodeAll(hollow, rows, { size, cacheBytes: 2 ** 40 });
    print({ part: 'schedule', prompts: 16, group, waves: { size, ...waves } });
    print({ part: 'schedule', prompts: 16, group, session: await decodeAll(hollow, rows, { cacheBytes }) });
  }
}

/** Runs a part on a model of four layers. */
async function withModel(run: (model: DecodingModel) => Promise<void>): Promise<void> {
  const config = configOf(shape('llama', [49152, 576, 1536, 4, 9, 3]));
  const engine = await createOnnxEngine();
  const weights = initialiseWeights(config, 1);
  const programs = new ModelPrograms({ engine, config, linear: baseLinear, frozen: weights });
  await run(programs.decoding({ base: weights, adapter: {} }));
  await programs.dispose();
  await engine.dispose();
}

async function turn(model: DecodingModel): Promise<void> {
  const talks = Array.from({ length: 16 }, (_, i) =>
    Array.from({ length: 768 }, (_, t) => (i + 7 * t) % 999),
  );
  const longer = talks.map((talk, i) => [
    ...talk,
    ...Array.from({ length: 32 }, (_, t) => (i + 5 * t) % 999),
  ]);
  const decodeOnce = async (texts: readonly number[][], kept?: KeptKeys) => {
    const session = new DecodeSession(model, { kept, reuses: kept !== undefined });
    for (const text of texts) session.admit({ ...request(text, 1), keep: kept !== undefined });
    while (!session.idle) await session.step();
  };
  for (let repeat = 0; repeat < 3; repeat++) {
    const kept = new KeptKeys();
    await decodeOnce(talks, kept);
    const after = await timed(() => decodeOnce(longer, kept));
    print({ part: 'turn', anew: await timed(() => decodeOnce(longer)), after });
  }
}

async function decode(model: DecodingModel): Promise<void> {
  const cacheBytes = Number(values['cache-mb']) * 2 ** 20;
  const rows = lengths(Number(values.rows), 512).map((most, i) =>
    request([1 + i, 2, 3, 4, 5, 6, 7, 8], most),
  );
  const size = waveOf(cacheBytes, 8 + 512, model, 1);
  await decodeAll(model, rows.slice(0, 2), { cacheBytes });
  for (let repeat = 0; repeat < 2; repeat++) {
    print({
      part: 'decode',
      waves: { size, ...(await decodeAll(model, rows, { size, cacheBytes: 2 ** 40 })) },
    });
    print({ part: 'decode', session: await decodeAll(model, rows, { cacheBytes }) });
  }
}

const parts: Readonly<Record<string, () => Promise<void>>> = {
  stops,
  draw,
  schedule,
  decode: () => withModel(decode),
  turn: () => withModel(turn),
};
const part = parts[positionals[0] ?? ''];
if (part === undefined) throw new Error(`name one of ${Object.keys(parts).join(', ')}`);
await part();
