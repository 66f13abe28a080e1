import { describe, expect, test } from 'vitest';
import { KeptKeys } from '../../../src/model/cache/kept-keys.ts';
import { randomStream } from '../../../src/random.ts';
import { generate } from '../../../src/rollout/generate.ts';
import type { DecodeRequest, DecodeRow } from '../../../src/rollout/session/decode-row.ts';
import { DecodeSession } from '../../../src/rollout/session/decode-session.ts';
import { scored, sumModel } from '../sum-model.ts';

/** Bytes of the keys and values of one token of `sumModel`. */
const TOKEN = 8;

function request(
  name: string,
  promptIds: readonly number[],
  more: Partial<DecodeRequest> = {},
): DecodeRequest {
  return {
    promptIds,
    maxNewTokens: 60,
    temperature: 1,
    topP: 1,
    topK: 0,
    minP: 0,
    eosTokenIds: [7],
    stream: randomStream(5, name),
    ...more,
  };
}

/** Prompts of many lengths. */
const prompts = Array.from({ length: 30 }, (_, i) =>
  Array.from({ length: 1 + (i % 7) * 5 }, (_, t) => (i + t) % 7),
);

async function finish(session: DecodeSession): Promise<void> {
  while (!session.idle) await session.step();
}

const tokensOf = (rows: readonly DecodeRow[]) => rows.map(({ tokenIds }) => tokenIds);

/** What each prompt is continued with when nothing is beside it. */
async function alone(more: (i: number) => Partial<DecodeRequest> = () => ({})): Promise<number[][]> {
  const rows: DecodeRow[] = [];
  for (const [i, prompt] of prompts.entries()) {
    const session = new DecodeSession(sumModel());
    rows.push(session.admit(request(`${i}`, prompt, more(i))));
    await finish(session);
  }
  return tokensOf(rows);
}

describe.each([
  ['all the memory it wants', 2 ** 30],
  ['memory for a few rows', 6 * 64 * TOKEN],
  ['memory for one', 32 * TOKEN],
  ['memory for none', 1],
])('a session with %s', (_, cacheBytes) => {
  test('gives each row the tokens and log-probs that it has alone, within its memory', async () => {
    const model = sumModel();
    const session = new DecodeSession(model, { cacheBytes });
    const rows = prompts.map((prompt, i) => session.admit(request(`${i}`, prompt)));
    await finish(session);
    expect(tokensOf(rows)).toEqual(await alone());
    for (const [i, { tokenIds, logprobs }] of rows.entries())
      for (const [t, logprob] of scored(prompts[i]!, tokenIds).entries())
        expect(logprobs[t]).toBeCloseTo(logprob, 5);
    for (const { rows: count, positions } of model.asked.steps)
      if (count > 1) expect(count * positions * TOKEN).toBeLessThanOrEqual(cacheBytes);
  });

  test('is the same with settings of its own for each row', async () => {
    const more = (i: number): Partial<DecodeRequest> => ({
      temperature: [0, 0.5, 1, 2][i % 4]!,
      topK: i % 3 === 0 ? 3 : 0,
      repetitionPenalty: i % 5 === 0 ? 1.3 : 1,
      maxNewTokens: 5 + i,
    });
    const session = new DecodeSession(sumModel(), { cacheBytes });
    const rows = prompts.map((prompt, i) => session.admit(request(`${i}`, prompt, more(i))));
    await finish(session);
    expect(tokensOf(rows)).toEqual(await alone(more));
  });

  test('is the same where rows come at any time', async () => {
    const session = new DecodeSession(sumModel(), { cacheBytes });
    const rows: DecodeRow[] = [];
    for (const [i, prompt] of prompts.entries()) {
      rows.push(session.admit(request(`${i}`, prompt)));
      for (let step = 0; step < i % 4; step++) await session.step();
    }
    await finish(session);
    expect(tokensOf(rows)).toEqual(await alone());
  });
});

test('a row that ends makes room for the next in the same step', async () => {
  const model = sumModel();
  // Room for four rows of 64 positions.
  const session = new DecodeSession(model, { cacheBytes: 4 * 64 * TOKEN });
  for (let i = 0; i < 20; i++)
    session.admit(request(`${i}`, [1, 2], { eosTokenIds: [], maxNewTokens: 5 + ((7 * i) % 30) }));
  const tokens = Array.from({ length: 20 }, (_, i) => 5 + ((7 * i) % 30)).reduce((a, b) => a + b, 0);
  await finish(session);
  const busy = model.asked.steps.filter(({ rows }) => rows >= 4);
  expect(busy.length).toBeGreaterThan(0.8 * model.asked.steps.length);
  expect(model.asked.steps.reduce((sum, { rows }) => sum + rows, 0)).toBe(tokens);
});

test('the rows of one prompt have it computed once, even one after the other', async () => {
  const model = sumModel();
  const { watch: _, ...how } = request('', []);
  const settings = { ...how, groupSize: 6, seed: 1, cacheBytes: 32 * TOKEN };
  await generate(
    model,
    [
      [1, 2, 3],
      [4, 5],
    ],
    settings,
  );
  expect(model.asked.prefilled).toEqual([[1, 2], [4]]);
});

test('a row that is cancelled leaves, and the others go on as if it had not been there', async () => {
  const session = new DecodeSession(sumModel(), { cacheBytes: 6 * 64 * TOKEN });
  const rows = prompts.map((prompt, i) => session.admit(request(`${i}`, prompt)));
  const cancelled = new Set([0, 3, 17, 29]);
  for (let step = 0; !session.idle; step++) {
    if (step === 2) for (const i of cancelled) session.cancel(rows[i]!);
    await session.step();
  }
  const want = await alone();
  for (const [i, { tokenIds }] of rows.entries()) if (!cancelled.has(i)) expect(tokenIds).toEqual(want[i]);
  expect(rows[17]!.tokenIds).toEqual([]);
  expect(rows[0]!.tokenIds.length).toBeLessThanOrEqual(2);
});

test('a session goes on after a step that was aborted', async () => {
  const model = sumModel();
  const session = new DecodeSession(model);
  const rows = prompts.map((prompt, i) => session.admit(request(`${i}`, prompt)));
  const stop = new AbortController();
  const prefill: typeof model.prefill = (...given) => {
    stop.abort(new Error('enough'));
    return sumModel().prefill(...given);
  };
  const stopped = new DecodeSession({ ...model, prefill });
  const late = stopped.admit(request('0', prompts[0]!.concat(1)));
  const long = stopped.admit(
    request(
      '1',
      Array.from({ length: 90 }, () => 1),
    ),
  );
  await expect(stopped.step(AbortSignal.abort(new Error('early')))).rejects.toThrow('early');
  await stopped.step(stop.signal);
  await expect(stopped.step(stop.signal)).rejects.toThrow('enough');
  await finish(stopped);
  expect(late.finishReason).toBeDefined();
  expect(long.finishReason).toBeDefined();
  await finish(session);
  expect(tokensOf(rows)).toEqual(await alone());
});

describe('texts that begin alike', () => {
  const start = Array.from({ length: 20 }, (_, t) => t % 7);

  test('are computed from where they differ, whether the other has ended or is under way', async () => {
    const model = sumModel();
    const kept = new KeptKeys();
    const session = new DecodeSession(model, { kept, reuses: true });
    const first = session.admit(
      request('a', [...start, 1], { keep: true, maxNewTokens: 3, eosTokenIds: [] }),
    );
    await finish(session);
    const second = session.admit(request('b', [...start, 2, 3, 4]));
    await session.step();
    const third = session.admit(request('c', [...start, 2, 5, 5, 5]));
    const more = session.admit(request('d', [...first.ids, 6, 6]));
    await finish(session);
    expect(model.asked.prefilled).toEqual([start]);
    expect(model.asked.extended.map((row) => row.slice(0, 2))).toEqual([
      [2, 3],
      [5, 5],
      // The first row's last token never went through the model.
      [first.ids.at(-1), 6],
    ]);
    for (const { request: asked, tokenIds, logprobs } of [second, third, more])
      for (const [t, logprob] of scored(asked.promptIds, tokenIds).entries())
        expect(logprobs[t]).toBeCloseTo(logprob, 5);
  });

  test('are kept in the memory that is left, at most half', async () => {
    const kept = new KeptKeys();
    const session = new DecodeSession(sumModel(), { kept, reuses: true, cacheBytes: 100 * TOKEN });
    for (let i = 0; i < 10; i++) {
      session.admit(request(`${i}`, [i % 7, ...start], { keep: true, maxNewTokens: 4 }));
      await finish(session);
      expect(kept.bytes).toBeGreaterThan(0);
      expect(kept.bytes).toBeLessThanOrEqual(50 * TOKEN);
    }
    expect(kept.longest([9 % 7, ...start])?.common).toBe(21);
    expect(kept.longest([3, ...start])).toBeUndefined();
  });
});

describe('prompts in chunks', () => {
  const chunked = { chunk: 8, tokens: 16 };

  test('give each row the tokens that it has alone, with any memory, whenever it comes', async () => {
    const want = await alone();
    for (const cacheBytes of [2 ** 30, 6 * 64 * TOKEN, 32 * TOKEN, 1]) {
      const session = new DecodeSession(sumModel(), { chunked, cacheBytes, leastRows: 2 });
      const rows: DecodeRow[] = [];
      for (const [i, prompt] of prompts.entries()) {
        rows.push(session.admit(request(`${i}`, prompt, { keep: i % 2 === 0 })));
        for (let step = 0; step < i % 4; step++) await session.step();
      }
      await finish(session);
      expect(tokensOf(rows)).toEqual(want);
      for (const [i, { tokenIds, logprobs }] of rows.entries())
        for (const [t, logprob] of scored(prompts[i]!, tokenIds).entries())
          expect(logprobs[t]).toBeCloseTo(logprob, 5);
    }
  });

  test('do not hold up rows under way, nor short prompts behind long ones', async () => {
    const session = new DecodeSession(sumModel(), { chunked });
    const running = session.admit(request('a', [1, 2], { eosTokenIds: [], maxNewTokens: 100 }));
    await session.step();
    const long = session.admit(
      request(
        'b',
        Array.from({ length: 81 }, (_, t) => t % 7),
      ),
    );
    const short = session.admit(request('c', [1, 2, 3]));
    for (let step = 1; step <= 9; step++) {
      await session.step();
      expect(running.tokenIds.length).toBe(1 + step);
      expect(long.tokenIds.length).toBe(0);
      if (step === 1) expect(short.tokenIds.length).toBe(1);
    }
    await session.step();
    expect(long.tokenIds.length).toBe(1);
  });

  test('are computed once where they begin alike, by whole chunks', async () => {
    const model = sumModel();
    const start = Array.from({ length: 20 }, (_, t) => t % 7);
    const session = new DecodeSession(model, { chunked });
    const asked = [
      [...start, 1, 1],
      [...start, 2, 2],
      [...start, 1, 1],
    ];
    const rows = asked.map((prompt, i) => session.admit(request(`${i}`, prompt, { keep: true })));
    await finish(session);
    expect(model.asked.prefilled).toEqual([start.slice(0, 8)]);
    expect(model.asked.extended.map((ids) => ids.slice(0, 8))[0]).toEqual(start.slice(8, 16));
    expect(rows.map(({ cachedTokens }) => cachedTokens)).toEqual([0, 16, 21]);
    const [later, same] = [[...start, 5], asked[0]!].map((prompt, i) =>
      session.admit(request(`l${i}`, prompt)),
    );
    await finish(session);
    expect(model.asked.prefilled.length).toBe(1);
    expect([later!.cachedTokens, same!.cachedTokens]).toEqual([16, 21]);
  });
});

test('what is allocated stays within the memory, and is what is told, when a long row follows many short ones', async () => {
  const cacheBytes = 60_000;
  let most = 0;
  let held = 0;
  const model = { ...sumModel(), maxPositions: 10_000 };
  const step: typeof model.step = (ids, cache, how) => {
    held = cache.tensors().reduce((sum, { data }) => sum + data.buffer.byteLength, 0);
    if (cache.rows > 1) most = Math.max(most, held);
    return sumModel().step(ids, cache, how);
  };
  for (const chunked of [undefined, { chunk: 128, tokens: 512 }]) {
    const session = new DecodeSession({ ...model, step }, { cacheBytes, chunked });
    const how = { eosTokenIds: [], temperature: 0 };
    session.admit(request('first', [1, 2], { ...how, maxNewTokens: 300 }));
    const short = Array.from({ length: 100 }, (_, i) =>
      session.admit(request(`${i}`, Array<number>(35).fill(i % 7), { ...how, maxNewTokens: 2 + (i % 15) })),
    );
    while (short.some(({ finishReason }) => finishReason === undefined)) await session.step();
    expect(session.rows).toEqual({ active: 1, waiting: 0 });
    const long = session.admit(request('long', Array<number>(1500).fill(3), { ...how, maxNewTokens: 90 }));
    while (long.tokenIds.length < 20) {
      await session.step();
      if (long.tokenIds.length > 0) expect(session.memory.bytes).toBe(held);
    }
    expect(session.rows.active).toBe(2);
    expect(most).toBeLessThanOrEqual(cacheBytes);
    expect(most).toBeGreaterThan(2 * 1500 * TOKEN);
  }
});

test('a row that comes back has the cached tokens that it first had', async () => {
  const session = new DecodeSession(sumModel(), {
    chunked: { chunk: 8, tokens: 16 },
    cacheBytes: 500 * TOKEN,
  });
  const prompt = (i: number) => Array.from({ length: 20 }, (_, t) => (t === 0 ? i : t % 7));
  const rows = Array.from({ length: 6 }, (_, i) =>
    session.admit(request(`${i}`, prompt(i), { keep: true, eosTokenIds: [], maxNewTokens: 70 })),
  );
  let wentBack = 0;
  while (!session.idle) {
    const before = session.rows.active;
    await session.step();
    if (session.rows.active < before && rows.every(({ finishReason }) => finishReason === undefined))
      wentBack++;
  }
  expect(wentBack).toBeGreaterThan(0);
  expect(rows.map(({ cachedTokens }) => cachedTokens)).toEqual(rows.map(() => 0));
});
