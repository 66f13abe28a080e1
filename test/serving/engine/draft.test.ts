import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { modelPath } from '../../../src/model/config/model-path.ts';
import { readModelConfig } from '../../../src/model/read-config.ts';
import { saveModel } from '../../../src/model/save/save-model.ts';
import { loadTokenizer } from '../../../src/model/tokenizer/tokenizer.ts';
import { firstLayers } from '../../../src/model/weights/first-layers.ts';
import { loadWeights } from '../../../src/model/weights/load-weights.ts';
import { heldWeights } from '../../../src/model/weights/read-weight.ts';
import { randomStream } from '../../../src/random.ts';
import { runPaths } from '../../../src/run/folder/paths.ts';
import { openModelService } from '../../../src/serve/engine/open-model-service.ts';
import type { GenerationDelta, GenerationRequest, ModelService } from '../../../src/serve/model-service.ts';
import { modelFolder, newPath } from '../../policy/model-folder.ts';
import { madeUpAdapter } from './made-up-adapter.ts';

/** The embedded model's first two layers, as a model's folder. */
async function draftFolder(positions?: number): Promise<string> {
  const source = await modelPath('tiny');
  const whole = await readModelConfig(source);
  const { config, weights } = firstLayers({ config: whole, weights: await loadWeights(source, whole) }, 2);
  const { files } = await loadTokenizer(source);
  const out = newPath();
  await saveModel(out, { config, readWeight: heldWeights(weights), tokenizerFiles: files, source });
  const file = join(out, 'config.json');
  const json = JSON.parse(readFileSync(file, 'utf8'));
  if (positions) writeFileSync(file, JSON.stringify({ ...json, max_position_embeddings: positions }));
  return out;
}

const random = randomStream(5, 'prompts');
const requests = Array.from({ length: 40 }, (_, i): GenerationRequest => {
  const length = 1 + ((i * 7) % 38);
  return {
    model: 'tiny',
    promptIds: Array.from({ length }, () => 2 + Math.floor(18 * random.next())),
    maxNewTokens: 1 + (i % 24),
    temperature: 0,
    topP: 1,
    topK: 0,
    minP: 0,
    repetitionPenalty: i % 6 === 0 ? 1.3 : 1,
    stop: i % 4 === 0 ? ['3', '=1'] : [],
    seed: i,
    topLogprobs: i % 3 === 0 ? 3 : 0,
    ignoreEos: i % 5 === 0,
  };
});

/** What a client is told of a request, whatever parts it came in. */
async function told(service: ModelService, request: GenerationRequest) {
  const deltas: GenerationDelta[] = [];
  const end = await service.generate(request, { onDelta: (delta) => deltas.push(delta) });
  const tokens = deltas.flatMap((delta) => delta.tokens);
  return {
    parts: deltas.length,
    logprobs: tokens.map(({ logprob }) => logprob),
    answer: {
      ids: tokens.map(({ id }) => id),
      tops: tokens.map(({ top }) => top.map(({ id }) => id)),
      text: deltas.map(({ text }) => text).join(''),
      reason: end.finishReason,
      completionTokens: end.usage.completionTokens,
    },
  };
}

/** What is told of a service's draft when all news of what it did have come: they come later than answers do. */
async function settledStats(service: ModelService) {
  let before: unknown;
  const rests = () => {
    const now = service.stats();
    const same = now.running === 0 && isDeepStrictEqual(now, before);
    before = now;
    return same;
  };
  await expect.poll(rests, { interval: 300, timeout: 10_000 }).toBe(true);
  return service.stats().draft;
}

const settings = { model: 'tiny', prefillChunk: 16, prefillTokens: 32, engine: { threads: 1 } };

describe('a service with a draft', () => {
  let alone: ModelService;
  let drafted: ModelService;
  let folder: string;
  beforeAll(async () => {
    folder = await draftFolder();
    alone = await openModelService(settings);
    drafted = await openModelService({ ...settings, draft: folder, draftTokens: 3 });
  }, 60_000);
  afterAll(async () => {
    await alone.close();
    await drafted.close();
  });

  test('gives greedy answers that are those without one, in fewer parts, and counts', async () => {
    const want = await Promise.all(requests.map((request) => told(alone, request)));
    const got = await Promise.all(requests.map((request) => told(drafted, request)));
    for (const [i, { answer, logprobs }] of got.entries()) {
      expect(answer).toEqual(want[i]!.answer);
      for (const [t, logprob] of logprobs.entries()) expect(logprob).toBeCloseTo(want[i]!.logprobs[t]!, 4);
    }
    const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
    const [calls, tokens] = [
      sum(got.map(({ parts }) => parts)),
      sum(got.map(({ answer }) => answer.ids.length)),
    ];
    expect(calls).toBeLessThan(0.9 * tokens);
    await expect.poll(() => drafted.stats().draft).toMatchObject({ calls, tokens });
    const { proposed, accepted } = drafted.stats().draft!;
    // Each call gives a token of the model's own, but for those whose last accepted proposal ended the text.
    expect(accepted).toBeGreaterThanOrEqual(tokens - calls);
    expect(accepted).toBeLessThanOrEqual(tokens - calls + requests.length);
    expect(proposed).toBeGreaterThan(accepted);
    expect(proposed).toBeLessThanOrEqual(3 * calls);
    expect(alone.stats().draft).toBeUndefined();
  });

  test('draws the same text again for the same seed', async () => {
    for (const request of requests.slice(0, 8).map((each) => ({ ...each, temperature: 1 })))
      expect(await told(drafted, request)).toEqual(await told(drafted, request));
  });

  test('lets adapters answer without it, to the bit', async () => {
    const adapter = madeUpAdapter(await readModelConfig(await modelPath('tiny')), 0.5);
    const mine = await drafted.setAdapter('mine', adapter, 'runs/mine');
    await alone.setAdapter('mine', adapter, 'runs/mine');
    expect(mine.draft).toBeUndefined();
    const before = await settledStats(drafted);
    for (const request of requests.slice(0, 8).map((each) => ({ ...each, model: 'mine' })))
      expect(await told(drafted, request)).toEqual(await told(alone, request));
    expect(await settledStats(drafted)).toEqual(before);
  });

  test('keeps the keys and values of both within the memory that is given', async () => {
    const cacheGB = 1e-3;
    const small = await openModelService({ ...settings, draft: folder, cacheGB });
    const most: number[] = [];
    const onDelta = () => most.push(small.stats().cacheBytes);
    await Promise.all(
      [...requests, ...requests].map((request) =>
        small.generate({ ...request, ignoreEos: true }, { onDelta }),
      ),
    );
    expect(Math.max(...most)).toBeGreaterThan(0.3 * cacheGB * 1e9);
    expect(Math.max(...most)).toBeLessThan(1.5 * cacheGB * 1e9);
    await small.close();
  });

  test('says which model has it', () => {
    expect(drafted.models()[0]).toMatchObject({ name: 'tiny', draft: folder });
    expect(alone.models()[0]!.draft).toBeUndefined();
  });
});

test.each([
  ['that knows fewer positions than the model', 16, 'float32'],
  ['held in eight bits, like the model,', undefined, 'q8'],
] as const)(
  'a draft %s changes no greedy answer',
  async (_, positions, baseDtype) => {
    const [alone, drafted] = [
      await openModelService({ ...settings, baseDtype }),
      await openModelService({ ...settings, baseDtype, draft: await draftFolder(positions) }),
    ];
    for (const request of requests.slice(0, 12))
      expect((await told(drafted, request)).answer).toEqual((await told(alone, request)).answer);
    await Promise.all([alone.close(), drafted.close()]);
  },
  60_000,
);

describe('refuses in one line', () => {
  test.each([
    [{ draft: 'no/such/draft' }, /no\/such\/draft/],
    [{ draftTokens: 3 }, /^draftTokens is for a draft: name one too$/],
    [{ draft: 'tiny', draftTokens: 0 }, /^draftTokens must be a whole number from 1 \(got 0\)$/],
    [{ draft: 'tiny', draftTokens: 1.5 }, /^draftTokens must be a whole number from 1 \(got 1.5\)$/],
  ])('%j', async (more, says) => {
    await expect(openModelService({ ...settings, ...more })).rejects.toThrow(says);
  });

  test('a draft with other tokens', async () => {
    const draft = modelFolder();
    await expect(openModelService({ ...settings, draft })).rejects.toThrow(
      `${draft} can't draft for tiny: its vocabulary has 160 tokens, the target's has 20; a draft needs its target's tokenizer`,
    );
  });

  test('a run without a merged model', async () => {
    const run = newPath();
    const { config, checkpoints } = runPaths(run);
    mkdirSync(checkpoints, { recursive: true });
    writeFileSync(config, '{}');
    await expect(openModelService({ ...settings, draft: run })).rejects.toThrow(
      /merged is missing: finish the draft's run with --resume/,
    );
  });
});
