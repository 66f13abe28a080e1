import { expect, test } from 'vitest';
import { allocatedFor, type KvCache } from '../../../src/model/cache/kv-cache.ts';
import { ScoringLane } from '../../../src/serve/engine/scoring-lane.ts';

/** Bytes of a token's keys and values. */
const TOKEN = 4 * 2 * 8;

const bytesOf = (cache: KvCache) =>
  cache.tensors().reduce((sum, { data }) => sum + data.buffer.byteLength, 0);

/** A lane on a model that finds token n to have the log-prob -n, and what it was asked. */
function lane(cacheBytes: number) {
  const caches = new Set<KvCache>();
  const score = async (_: unknown, given: { ids: Int32Array; targets: Int32Array; cache: KvCache }) => {
    caches.add(given.cache);
    const length = given.ids.length;
    const data = new Float32Array(length * 8);
    const tensor = { data, shape: [1, 1, length, 8], dtype: 'float32' as const };
    given.cache.extend(0, [tensor, tensor], { prompt: 0, length });
    const logprobs = Float32Array.from(given.targets, (id) => -id);
    return { logprobs, topIds: new Int32Array(0), topLogprobs: new Float32Array(0), width: 0 };
  };
  const views = { withProb: (id: number, logprob: number) => ({ id, logprob, text: '', bytes: [] }) };
  const set = { config: { layers: 1, kvHeads: 1, headDim: 8 }, scoring: { score } };
  const parts = { set, weights: {}, views, chunk: 16, cacheBytes: () => cacheBytes };
  return { caches, lane: new ScoringLane(parts as unknown as ConstructorParameters<typeof ScoringLane>[0]) };
}

test.each([
  ['room for a few', 2 ** 20, 4],
  ['room for two', 2 * 128 * TOKEN, 2],
  ['room for none', 1, 1],
])('prompts are scored in order with few caches at a time: %s', async (_, bound, open) => {
  const { lane: scoring, caches } = lane(bound);
  const ended: number[] = [];
  const never = new AbortController().signal;
  const scored = Array.from({ length: 1024 }, async (_, i) => {
    const ids = Array.from({ length: 100 }, (_, t) => 1 + ((i + t) % 7));
    const tokens = await scoring.score(ids, 0, never);
    ended.push(i);
    expect(tokens.map((token) => token?.logprob)).toEqual([undefined, ...ids.slice(1).map((id) => -id)]);
  });
  expect(scoring.memory).toEqual({ bytes: 0, used: 0 });
  expect(scoring.rows).toEqual({ active: 0, waiting: 1024 });
  while (!scoring.idle) {
    await scoring.step();
    expect(scoring.rows.active).toBeLessThanOrEqual(open);
    const alive = [...caches].filter((cache) => cache.longest < 99);
    const real = alive.reduce((sum, cache) => sum + bytesOf(cache), 0);
    if (scoring.rows.active === alive.length) expect(scoring.memory.bytes).toBe(real);
    expect(alive.length).toBeLessThanOrEqual(open);
    expect(real).toBeLessThanOrEqual(Math.max(bound, allocatedFor(100) * TOKEN));
    await Promise.resolve();
  }
  await Promise.all(scored);
  expect(ended).toEqual(Array.from({ length: 1024 }, (_, i) => i));
  expect(scoring.memory).toEqual({ bytes: 0, used: 0 });
});

test('a prompt that waits may be given up', async () => {
  const { lane: scoring, caches } = lane(1);
  const stop = new AbortController();
  const ids = Array<number>(40).fill(2);
  const first = scoring.score(ids, 0, new AbortController().signal);
  const second = scoring.score(ids, 0, stop.signal);
  await scoring.step();
  stop.abort(new Error('gone'));
  await expect(second).rejects.toThrow('gone');
  while (!scoring.idle) await scoring.step();
  expect((await first).length).toBe(40);
  expect(caches.size).toBe(1);
});
