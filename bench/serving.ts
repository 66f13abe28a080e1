/**
 * Benchmark of the model service. Build first, then e.g.:
 *
 *   node dist/bench/serving.js throughput --model MODEL
 *   node dist/bench/serving.js long --model MODEL
 *
 * Prints JSON lines. `throughput`: seconds and tokens a second of concurrent requests to the service, beside those of
 * `generate` on the same prompts in one batch, in turns; with the delay of the main thread's event loop and the time to
 * the first token. `long`: milliseconds between two tokens of requests that are under way while a long prompt enters,
 * with prompts computed whole and in chunks.
 */
import { once } from 'node:events';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { parseArgs } from 'node:util';
import { parentPort, Worker } from 'node:worker_threads';
import { createOnnxEngine } from '../src/engine/onnx/onnx-engine.ts';
import { modelPath } from '../src/model/config/model-path.ts';
import { baseLinear } from '../src/model/decoder.ts';
import { ModelPrograms } from '../src/model/model-programs.ts';
import { readModelConfig } from '../src/model/read-config.ts';
import { loadWeights } from '../src/model/weights/load-weights.ts';
import { generate } from '../src/rollout/generate.ts';
import { openModelService } from '../src/serve/engine/open-model-service.ts';
import type { GenerationRequest, ModelService } from '../src/serve/model-service.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    model: { type: 'string', default: process.env.SMOLLM2_DIR ?? 'tiny' },
    requests: { type: 'string', default: '64' },
    prompt: { type: 'string', default: '64' },
    tokens: { type: 'string', default: '32' },
    long: { type: 'string', default: '1500' },
    repeats: { type: 'string', default: '2' },
  },
});
const [requests, promptTokens, tokens] = [values.requests, values.prompt, values.tokens].map(Number) as [
  number,
  number,
  number,
];

const print = (line: object) => console.log(JSON.stringify(line));
const rounded = (value: number) => Number(value.toPrecision(4));

/** CPU and wall seconds of some work. */
async function timed(work: () => Promise<unknown>): Promise<{ cpu: number; wall: number }> {
  const [start, before] = [performance.now(), process.cpuUsage()];
  await work();
  const { user, system } = process.cpuUsage(before);
  return { cpu: rounded((user + system) / 1e6), wall: rounded((performance.now() - start) / 1e3) };
}

/** A prompt that no other begins like. */
const promptOf = (i: number, length: number, vocabSize: number): number[] =>
  Array.from({ length }, (_, t) => (7919 * (i + 1) + 104_729 * t + i * t * t) % vocabSize);

const request = (model: string, promptIds: readonly number[], maxNewTokens: number): GenerationRequest => ({
  model,
  promptIds,
  maxNewTokens,
  temperature: 1,
  topP: 1,
  topK: 0,
  minP: 0,
  repetitionPenalty: 1,
  stop: [],
  seed: 1,
  topLogprobs: 0,
  ignoreEos: true,
});

function quantile(numbers: readonly number[], q: number): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  return rounded(sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))]!);
}

/** Sends requests at the same time. Returns the milliseconds to each one's first token. */
async function together(service: ModelService, asked: readonly GenerationRequest[]): Promise<number[]> {
  const start = performance.now();
  const firsts: number[] = [];
  await Promise.all(
    asked.map((each, i) =>
      service.generate(each, {
        onDelta: () => {
          firsts[i] ??= performance.now() - start;
        },
      }),
    ),
  );
  return firsts;
}

/** `generate` on batches, in a thread of its own as the service is: prompts come as messages, times go back. */
async function batch(): Promise<void> {
  const path = await modelPath(values.model);
  const config = await readModelConfig(path);
  const weights = await loadWeights(path, config, 'float32');
  const engine = await createOnnxEngine();
  const programs = new ModelPrograms({ engine, config, linear: baseLinear, frozen: weights });
  const model = programs.decoding({ base: weights, adapter: {} });
  const how = { temperature: 1, topP: 1, topK: 0, minP: 0, eosTokenIds: [], groupSize: 1, seed: 1 };
  parentPort!.on('message', async (prompts: readonly number[][]) => {
    parentPort!.postMessage(await timed(() => generate(model, prompts, { ...how, maxNewTokens: tokens })));
  });
}

async function throughput(): Promise<void> {
  const service = await openModelService({ model: values.model });
  const { name, vocabSize } = service.models()[0]!;
  const asked = (count: number, round: number) =>
    Array.from({ length: count }, (_, i) =>
      request(name, promptOf(round * requests + i, promptTokens, vocabSize), tokens),
    );
  const other = new Worker(new URL(import.meta.url), { argv: ['batch', ...process.argv.slice(3)] });
  const inBatch = async (round: number) => {
    other.postMessage(asked(requests, round).map(({ promptIds }) => promptIds));
    return ((await once(other, 'message')) as [Awaited<ReturnType<typeof timed>>])[0];
  };
  await together(service, asked(requests, 1000));
  await inBatch(1000);
  for (let round = 0; round < Number(values.repeats); round++) {
    const delay = monitorEventLoopDelay({ resolution: 1 });
    delay.enable();
    const served = await timed(() => together(service, asked(requests, round)));
    delay.disable();
    const generated = await inBatch(round);
    print({
      part: 'throughput',
      requests,
      promptTokens,
      tokens,
      served,
      generated,
      tokensPerSecond: rounded((requests * tokens) / served.wall),
      ratio: { wall: rounded(generated.wall / served.wall), cpu: rounded(generated.cpu / served.cpu) },
      eventLoopDelayMs: { p99: rounded(delay.percentile(99) / 1e6), max: rounded(delay.max / 1e6) },
    });
  }
  for (const count of [1, 8, 64]) {
    const firsts = await together(service, asked(count, 2000 + count));
    print({
      part: 'first token',
      requests: count,
      ms: { p50: quantile(firsts, 0.5), max: quantile(firsts, 1) },
    });
  }
  await other.terminate();
  await service.close();
}

/** Milliseconds between two tokens of eight requests, while a long prompt enters after some of them. */
async function long(): Promise<void> {
  for (const [name, prefill] of [
    ['in chunks', {}],
    ['whole', { prefillChunk: 1e6, prefillTokens: 1e6 }],
    ['in chunks', {}],
  ] as const) {
    const service = await openModelService({ model: values.model, ...prefill });
    const { name: model, vocabSize } = service.models()[0]!;
    await together(service, [request(model, promptOf(1, Number(values.long), vocabSize), 2)]);
    const gaps: { readonly at: number; readonly ms: number }[] = [];
    const stop = new AbortController();
    const short = Array.from({ length: 8 }, (_, i) => {
      let last: number | undefined;
      const onDelta = () => {
        const now = performance.now();
        if (last !== undefined) gaps.push({ at: now, ms: now - last });
        last = now;
      };
      const asked = request(model, promptOf(100 + i, promptTokens, vocabSize), 4000);
      return service.generate(asked, { onDelta, signal: stop.signal }).catch(() => {});
    });
    while (gaps.length < 8 * 10) await new Promise((resolve) => setTimeout(resolve, 10));
    const began = performance.now();
    await service.generate(request(model, promptOf(2, Number(values.long), vocabSize), 1), {
      onDelta: () => {},
    });
    const ended = performance.now();
    stop.abort();
    await Promise.all(short);
    const before = gaps.filter(({ at }) => at < began).map(({ ms }) => ms);
    const meanwhile = gaps.filter(({ at }) => at >= began && at <= ended).map(({ ms }) => ms);
    const told = (all: readonly number[]) => ({ p50: quantile(all, 0.5), p99: quantile(all, 0.99) });
    print({
      part: 'long',
      prompt: Number(values.long),
      prefill: name,
      betweenTokensMs: { before: told(before), meanwhile: told(meanwhile) },
      firstTokenMs: rounded(ended - began),
    });
    await service.close();
  }
}

const parts: Readonly<Record<string, () => Promise<void>>> = { throughput, long, batch };
const part = parts[positionals[0] ?? ''];
if (part === undefined) throw new Error('name one of throughput, long');
await part();
