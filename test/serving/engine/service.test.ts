import { setMaxListeners } from 'node:events';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { CausalLM } from '../../../src/causal-lm/causal-lm.ts';
import { loadModel } from '../../../src/causal-lm/load-model.ts';
import { InputError } from '../../../src/errors.ts';
import { readModelConfig } from '../../../src/model/read-config.ts';
import { randomStream } from '../../../src/random.ts';
import { openModelService } from '../../../src/serve/engine/open-model-service.ts';
import type {
  GenerationDelta,
  GenerationEnd,
  GenerationRequest,
  ModelService,
} from '../../../src/serve/model-service.ts';
import { generationRequest as request } from './generation-request.ts';
import { madeUpAdapter } from './made-up-adapter.ts';

interface Told {
  readonly end: GenerationEnd;
  readonly ids: readonly number[];
  readonly logprobs: readonly number[];
  readonly text: string;
  readonly deltas: readonly GenerationDelta[];
}

async function generate(service: ModelService, asked: GenerationRequest): Promise<Told> {
  const deltas: GenerationDelta[] = [];
  const end = await service.generate(asked, { onDelta: (delta) => deltas.push(delta) });
  const tokens = deltas.flatMap((delta) => delta.tokens);
  return {
    end,
    deltas,
    ids: tokens.map(({ id }) => id),
    logprobs: tokens.map(({ logprob }) => logprob),
    text: deltas.map(({ text }) => text).join(''),
  };
}

/** Waits until the numbers of a service are as they should be. */
async function until(holds: () => boolean): Promise<void> {
  for (let i = 0; i < 400 && !holds(); i++) await new Promise((resolve) => setTimeout(resolve, 25));
  expect(holds()).toBe(true);
}

describe('a model service', () => {
  let service: ModelService;
  let model: CausalLM;
  beforeAll(async () => {
    // Chunks that several prompts of the small model have.
    service = await openModelService({ model: 'tiny', prefillChunk: 16, prefillTokens: 32 });
    model = await loadModel('tiny');
  }, 60_000);
  afterAll(async () => {
    await service.close();
    await model.dispose();
  });

  const prompt = (i: number): number[] => {
    const random = randomStream(i, 'prompt');
    return Array.from({ length: 1 + ((i * 11) % 40) }, () => 2 + Math.floor(18 * random.next()));
  };
  const requests = Array.from({ length: 24 }, (_, i) =>
    request({
      promptIds: prompt(i % 20),
      seed: i,
      temperature: [0, 0.7, 1.3][i % 3]!,
      topP: i % 4 === 0 ? 0.8 : 1,
      topLogprobs: i % 5 === 0 ? 3 : 0,
      repetitionPenalty: i % 7 === 0 ? 1.2 : 1,
      ignoreEos: i % 2 === 0,
    }),
  );

  test('gives the tokens, log-probs and text that `generate` gives', async () => {
    for (const asked of requests.filter(({ ignoreEos }) => !ignoreEos)) {
      const told = await generate(service, asked);
      const { promptIds, model: _, topLogprobs: __, ignoreEos: ___, ...how } = asked;
      const [want] = await model.generate({ inputIds: [promptIds], ...how });
      expect({ ids: told.ids, text: told.text, reason: told.end.finishReason }).toEqual({
        ids: want!.tokenIds,
        text: want!.text,
        reason: want!.finishReason,
      });
      for (const [t, logprob] of told.logprobs.entries()) expect(logprob).toBeCloseTo(want!.logprobs[t]!, 4);
    }
  });

  test('gives a request the same bits whatever comes beside it, and at what time', async () => {
    // Without memory nothing is beside a request, and nothing is kept for the next.
    const lonely = await openModelService({ model: 'tiny', prefillChunk: 16, cacheGB: 1e-9 });
    const alone: Told[] = [];
    for (const asked of requests) alone.push(await generate(lonely, asked));
    expect(lonely.stats().cachedTokens).toBe(0);
    await lonely.close();
    const random = randomStream(3, 'arrival');
    for (let round = 0; round < 3; round++) {
      const order = requests.map((_, i) => i).sort(() => random.next() - 0.5);
      const together = await Promise.all(
        order.map(async (i) => {
          await new Promise((resolve) => setTimeout(resolve, 60 * random.next()));
          return [i, await generate(service, requests[i]!)] as const;
        }),
      );
      for (const [i, { ids, logprobs, text }] of together) {
        expect(ids).toEqual(alone[i]!.ids);
        expect(logprobs).toEqual(alone[i]!.logprobs);
        expect(text).toBe(alone[i]!.text);
      }
    }
    // What was computed in the first round was there in the others.
    await until(() => service.stats().cachedTokens > 0);
  }, 120_000);

  test('tells the likeliest tokens in each place', async () => {
    const { ids, deltas } = await generate(service, request({ topLogprobs: 4, temperature: 0.8 }));
    const text = [...request().promptIds, ...ids];
    const { data, shape } = await model.logits({ inputIds: [text], attentionMask: [text.map(() => 1)] });
    const [, , vocabulary] = shape as [number, number, number];
    for (const [t, { tokens }] of deltas.entries()) {
      const from = (request().promptIds.length + t - 1) * vocabulary;
      const scaled = Array.from(data.subarray(from, from + vocabulary), (logit) => logit / 0.8);
      const peak = Math.max(...scaled);
      const total = Math.log(scaled.reduce((sum, each) => sum + Math.exp(each - peak), 0)) + peak;
      const want = scaled
        .map((logit, id) => ({ id, logprob: logit - total }))
        .sort((a, b) => b.logprob - a.logprob)
        .slice(0, 4);
      expect(tokens[0]!.top.map(({ id }) => id)).toEqual(want.map(({ id }) => id));
      for (const [k, { logprob }] of tokens[0]!.top.entries())
        expect(logprob).toBeCloseTo(want[k]!.logprob, 4);
    }
  });

  test('scores the tokens of a prompt as the model does, in chunks', async () => {
    const likely = await generate(service, request({ temperature: 0 }));
    const ids = [...request().promptIds, ...likely.ids, ...prompt(13), ...prompt(14)].slice(0, 60);
    expect(ids.length).toBeGreaterThan(3 * 16);
    const scored = await service.scorePrompt({ model: 'tiny', ids, topLogprobs: 5 });
    const want = await model.logprobs({ inputIds: [ids], attentionMask: [ids.map(() => 1)] });
    expect(scored.length).toBe(ids.length);
    expect(scored[0]).toBeUndefined();
    for (const [t, token] of scored.slice(1).entries()) {
      expect(token!.id).toBe(ids[t + 1]);
      expect(token!.logprob).toBeCloseTo(want.data[t]!, 4);
      // Who asks whether a token is the likeliest compares for equality.
      const [first] = token!.top;
      if (first!.id === token!.id) expect(first!.logprob).toBe(token!.logprob);
      else expect(first!.logprob).toBeGreaterThanOrEqual(token!.logprob);
    }
    expect(scored.slice(1).some((token) => token!.top[0]!.id === token!.id)).toBe(true);
    expect(await service.scorePrompt({ model: 'tiny', ids: [3], topLogprobs: 1 })).toEqual([undefined]);
  });

  test('a request that is given up ends at once, and its room is free', async () => {
    const stop = new AbortController();
    setMaxListeners(100, stop.signal);
    let told = 0;
    const many = Array.from({ length: 40 }, (_, i) =>
      service.generate(request({ promptIds: prompt(i), maxNewTokens: 60, ignoreEos: true }), {
        signal: stop.signal,
        onDelta: () => {
          if (++told === 100) stop.abort(new Error('gone'));
        },
      }),
    );
    for (const each of await Promise.allSettled(many))
      if (each.status === 'rejected') expect(each.reason).toMatchObject({ message: 'gone' });
    expect(told).toBeLessThan(40 * 20);
    const end = await generate(service, request());
    expect(end.ids.length).toBeGreaterThan(0);
    await until(() => service.stats().running === 0 && service.stats().waiting === 0);
    const early = service.generate(request(), {
      onDelta: () => {},
      signal: AbortSignal.abort(new Error('early')),
    });
    await expect(early).rejects.toThrow('early');
  });

  test('what a client’s listener throws ends its request alone', async () => {
    const broken = service.generate(request({ ignoreEos: true, maxNewTokens: 50 }), {
      onDelta: () => {
        throw new Error('socket closed');
      },
    });
    const other = generate(service, request());
    await expect(broken).rejects.toThrow('socket closed');
    expect((await other).ids.length).toBeGreaterThan(0);
  });

  test('refuses unknown models and prompts that don’t fit in one line', async () => {
    const refused = (more: Partial<GenerationRequest>) =>
      service.generate(request(more), { onDelta: () => {} }).catch((error: unknown) => error);
    expect(await refused({ model: 'x' })).toMatchObject({
      message: 'there is no model "x"; served are tiny',
    });
    expect(await refused({ promptIds: [] })).toBeInstanceOf(InputError);
    expect(await refused({ promptIds: Array(64).fill(3) })).toMatchObject({
      message: 'the prompt has 64 tokens; the model has room for 63',
    });
    expect(await refused({ promptIds: [3, 20] })).toMatchObject({
      message: 'the prompt has the token id 20; the model’s are 0 to 19'.replace('’', "'"),
    });
  });

  test.each([1, 0.5, 0])(
    'serves an adapter at β = %s as `withAdapter` does, beside the base',
    async (beta) => {
      const adapter = madeUpAdapter(model.config, beta);
      expect(await service.setAdapter('mine', adapter, 'runs/mine')).toMatchObject({ name: 'mine', beta });
      const adapted = await model.withAdapter(adapter);
      const asked = [
        ...requests.slice(0, 8),
        ...requests.slice(0, 8).map((each) => ({ ...each, model: 'mine' })),
      ];
      const told = await Promise.all(asked.map((each) => generate(service, { ...each, ignoreEos: false })));
      for (const [i, { ids, logprobs }] of told.entries()) {
        const { promptIds, model: name, topLogprobs: _, ignoreEos: __, ...how } = asked[i]!;
        const [want] = await (name === 'mine' ? adapted : model).generate({ inputIds: [promptIds], ...how });
        expect(ids).toEqual(want!.tokenIds);
        for (const [t, logprob] of logprobs.entries()) expect(logprob).toBeCloseTo(want!.logprobs[t]!, 4);
      }
      await adapted.dispose();
    },
  );

  test('an adapter that is replaced ends what it began', async () => {
    const asked = request({ model: 'live', temperature: 0, maxNewTokens: 50, ignoreEos: true });
    await service.setAdapter('live', madeUpAdapter(model.config, 1), 'step 1');
    const before = await generate(service, asked);
    let replaced: Promise<unknown> | undefined;
    const ids: number[] = [];
    await service.generate(asked, {
      onDelta: ({ tokens }) => {
        ids.push(...tokens.map(({ id }) => id));
        replaced ??= service.setAdapter('live', madeUpAdapter(model.config, 0), 'step 2');
      },
    });
    await replaced;
    expect(ids).toEqual(before.ids);
    expect(service.models().find(({ name }) => name === 'live')).toMatchObject({ beta: 0, source: 'step 2' });
    const scored = (beta: number) =>
      model
        .withAdapter(madeUpAdapter(model.config, beta))
        .then((adapted) =>
          adapted.logprobs({ inputIds: [asked.promptIds], attentionMask: [[1, 1, 1, 1, 1, 1, 1]] }),
        );
    const now = await service.scorePrompt({ model: 'live', ids: asked.promptIds, topLogprobs: 1 });
    expect(now[6]!.logprob).toBeCloseTo((await scored(0)).data[5]!, 4);
    expect(now[6]!.logprob).not.toBeCloseTo((await scored(1)).data[5]!, 4);
  });
});

test('memory for keys and values stays within its bound, and everything is served', async () => {
  const bound = 2e6;
  const cacheGB = bound / 1e9;
  const service = await openModelService({ model: 'tiny', cacheGB, prefillChunk: 16 });
  await service.setAdapter('other', madeUpAdapter(await readModelConfig('models/tiny'), 0.5), 'other');
  const most: number[] = [];
  await Promise.all(
    Array.from({ length: 60 }, (_, i) =>
      service.generate(
        request({
          promptIds: Array.from({ length: 20 }, (_, t) => 2 + ((i + t) % 18)),
          ignoreEos: true,
          seed: i,
          model: i % 3 === 0 ? 'other' : 'tiny',
        }),
        { onDelta: () => most.push(service.stats().cacheBytes) },
      ),
    ),
  );
  expect(Math.max(...most)).toBeGreaterThan(0);
  expect(Math.max(...most)).toBeLessThan(1.5 * bound);
  await service.close();
});

test('closing a service ends its requests, in the middle of a step too', async () => {
  const service = await openModelService({ model: 'tiny' });
  expect(service.hasEnded).toBe(false);
  let closed: Promise<void> | undefined;
  const onDelta = () => {
    closed ??= service.close();
  };
  const under = Array.from({ length: 5 }, (_, seed) =>
    service.generate(request({ ignoreEos: true, maxNewTokens: 50, seed }), { onDelta }),
  );
  for (const each of await Promise.allSettled(under))
    expect(each).toMatchObject({ reason: { message: 'the models were closed: a request was not finished' } });
  await closed;
  expect(service.hasEnded).toBe(true);
  await expect(service.generate(request(), { onDelta: () => {} })).rejects.toThrow(
    'the thread that computes has ended',
  );
});
