import { afterAll, describe, expect, test } from 'vitest';
import { loadModel } from '../../../src/causal-lm/load-model.ts';
import { createOnnxEngine } from '../../../src/engine/onnx/onnx-engine.ts';
import { modelPath } from '../../../src/model/config/model-path.ts';
import { baseLinear } from '../../../src/model/decoder.ts';
import { ModelPrograms } from '../../../src/model/model-programs.ts';
import { readModelConfig } from '../../../src/model/read-config.ts';
import { firstLayers } from '../../../src/model/weights/first-layers.ts';
import { loadWeights } from '../../../src/model/weights/load-weights.ts';
import { randomStream } from '../../../src/random.ts';
import { type GenerateSettings, generate } from '../../../src/rollout/generate.ts';
import { DecodeSession } from '../../../src/rollout/session/decode-session.ts';
import type { SpeculationStats } from '../../../src/rollout/session/speculation.ts';
import { noSmollm2, smollm2 } from '../../golden/golden-files.ts';
import { chiSquareTail } from './chi-square.ts';

const opened: { dispose(): Promise<void> }[] = [];
afterAll(async () => {
  for (const each of opened.reverse()) await each.dispose();
});

/** A model and its own first layers as its draft. */
async function pair(name: string, layers: number, threads = 1) {
  const path = await modelPath(name);
  const config = await readModelConfig(path);
  const weights = await loadWeights(path, config);
  const engine = await createOnnxEngine({ threads });
  opened.push(engine);
  const decoding = (model: { config: typeof config; weights: typeof weights | object }) => {
    const frozen = model.weights as typeof weights;
    const programs = new ModelPrograms({ engine, config: model.config, linear: baseLinear, frozen });
    opened.push(programs);
    return programs.decoding({ base: frozen, adapter: {} });
  };
  return { target: decoding({ config, weights }), draft: decoding(firstLayers({ config, weights }, layers)) };
}

const tiny = await pair('tiny', 2);
/** The embedded model's tokens: 0 pads, 1 ends a text. */
const EOS = 1;

const request = {
  maxNewTokens: 24,
  temperature: 0,
  topP: 1,
  topK: 0,
  minP: 0,
  eosTokenIds: [EOS],
};
const plain: GenerateSettings = { ...request, groupSize: 1, seed: 3 };

/** Prompts of many lengths, of any tokens but the two that are none. */
const prompts = (count: number, most = 20) => {
  const stream = randomStream(1, 'prompts');
  return Array.from({ length: count }, (_, i) =>
    Array.from({ length: 1 + (i % most) }, () => 2 + Math.floor(18 * stream.next())),
  );
};

const speculative = (tokens: number) => ({ draft: { model: tiny.draft, tokens } });

describe.each([1, 2, 4, 7])('with %i tokens proposed at a time', (tokens) => {
  test('greedy texts and their log-probs are those without a draft', async () => {
    const asked = prompts(200);
    const texts = (await generate(tiny.target, asked, plain)).flat();
    let stats: SpeculationStats | undefined;
    const onSpeculation = (given: SpeculationStats) => {
      stats = given;
    };
    const sooner = await generate(tiny.target, asked, { ...plain, ...speculative(tokens), onSpeculation });
    for (const [i, { tokenIds, logprobs, finishReason }] of sooner.flat().entries()) {
      expect(tokenIds).toEqual(texts[i]!.tokenIds);
      expect(finishReason).toBe(texts[i]!.finishReason);
      for (const [t, logprob] of logprobs.entries()) expect(logprob).toBeCloseTo(texts[i]!.logprobs[t]!, 4);
    }
    expect(stats!.tokens).toBe(texts.reduce((sum, { tokenIds }) => sum + tokenIds.length, 0));
    expect(stats!.tokens / stats!.rowCalls).toBeGreaterThan(1.2);
    expect(stats!.offered[0]!).toBeGreaterThan(stats!.accepted[0]!);
  });
});

test.each([
  ['a repetition penalty', { repetitionPenalty: 1.3 }],
  ['memory for few rows', { cacheBytes: 400_000 }],
  ['several ends', { eosTokenIds: [EOS, 5, 9] }],
])('greedy texts are those without a draft, with %s', async (_, more) => {
  const asked = prompts(60);
  const texts = await generate(tiny.target, asked, { ...plain, ...more });
  const sooner = await generate(tiny.target, asked, { ...plain, ...more, ...speculative(3) });
  expect(sooner.flat().map(({ tokenIds }) => tokenIds)).toEqual(texts.flat().map(({ tokenIds }) => tokenIds));
});

test('a draft that is the target itself has every greedy proposal accepted', async () => {
  let stats: SpeculationStats | undefined;
  await generate(tiny.target, prompts(40), {
    ...plain,
    draft: { model: tiny.target, tokens: 4 },
    onSpeculation: (given) => {
      stats = given;
    },
  });
  expect(stats!.accepted).toEqual(stats!.offered);
});

test('rows that come, go and are cancelled leave the others their texts', async () => {
  const asked = prompts(12);
  const alone = (await generate(tiny.target, asked, plain)).flat();
  const session = new DecodeSession(tiny.target, speculative(3));
  const admit = (i: number) =>
    session.admit({ ...request, promptIds: asked[i]!, stream: randomStream(0, `${i}`) });
  const rows = [0, 1, 2, 3].map(admit);
  for (let i = 4; i < asked.length; i++) {
    await session.step();
    rows.push(admit(i));
    if (i === 6) session.cancel(rows[5]!);
  }
  while (!session.idle) await session.step();
  for (const [i, { tokenIds, cancelled }] of rows.entries())
    if (!cancelled) expect(tokenIds).toEqual(alone[i]!.tokenIds);
});

/** How often each text was drawn. */
function countsOf(texts: readonly { readonly tokenIds: readonly number[] }[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { tokenIds } of texts) {
    const key = tokenIds.join(' ');
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return counts;
}

const SAMPLES = 6000;

describe('sampled texts', () => {
  // "12+7*3=": whatever the vocabulary, ids of a prompt that leaves several answers open.
  const prompt = [5, 9, 3];

  test('have the probabilities that the target gives them', async () => {
    const how = { ...plain, temperature: 1.2, maxNewTokens: 3, groupSize: SAMPLES };
    const drawn = countsOf((await generate(tiny.target, [prompt], { ...how, ...speculative(2) })).flat());
    const model = await loadModel('tiny', { engine: { threads: 1 } });
    opened.push(model);
    const probability = await textProbabilities(model, prompt, 1.2);
    // Texts that are expected less than five times count together.
    let [statistic, cells, restSeen, restExpected] = [0, 0, SAMPLES, SAMPLES];
    for (const [key, share] of probability) {
      const expected = share * SAMPLES;
      if (expected < 5) continue;
      const seen = drawn.get(key) ?? 0;
      statistic += (seen - expected) ** 2 / expected;
      restSeen -= seen;
      restExpected -= expected;
      cells++;
    }
    if (restExpected > 5) statistic += (restSeen - restExpected) ** 2 / restExpected;
    expect(cells).toBeGreaterThan(30);
    expect(chiSquareTail(statistic, cells)).toBeGreaterThan(1e-3);
  });

  test.each([
    ['truncation', { topK: 8, topP: 0.9, minP: 0.02 }],
    ['a repetition penalty', { repetitionPenalty: 1.5 }],
  ])('are distributed as without a draft, with %s', async (_, more) => {
    const how = { ...plain, temperature: 1.2, maxNewTokens: 4, groupSize: SAMPLES / 2, ...more };
    const ours = countsOf((await generate(tiny.target, [prompt], { ...how, ...speculative(3) })).flat());
    const theirs = countsOf((await generate(tiny.target, [prompt], { ...how, seed: 77 })).flat());
    let [statistic, cells] = [0, 0];
    const rest = { ours: 0, theirs: 0 };
    for (const key of new Set([...ours.keys(), ...theirs.keys()])) {
      const [a, b] = [ours.get(key) ?? 0, theirs.get(key) ?? 0];
      if (a + b < 20) {
        rest.ours += a;
        rest.theirs += b;
      } else {
        statistic += (a - b) ** 2 / (a + b);
        cells++;
      }
    }
    if (rest.ours + rest.theirs > 0) statistic += (rest.ours - rest.theirs) ** 2 / (rest.ours + rest.theirs);
    expect(cells).toBeGreaterThan(20);
    expect(chiSquareTail(statistic, cells)).toBeGreaterThan(1e-3);
  });
});

/** Probability of every text of up to three tokens after a prompt, from the target's logits. */
async function textProbabilities(
  model: Awaited<ReturnType<typeof loadModel>>,
  prompt: readonly number[],
  temperature: number,
): Promise<Map<string, number>> {
  let open: [ids: number[], share: number][] = [[[], 1]];
  const done = new Map<string, number>();
  for (let t = 0; t < 3; t++) {
    const rows = open.map(([ids]) => [...prompt, ...ids]);
    const columns = [rows[0]!.length - 1];
    const mask = rows.map((row) => row.map(() => 1));
    const { data } = await model.logits({ inputIds: rows, attentionMask: mask, columns });
    const vocabulary = model.config.vocabSize;
    const next: typeof open = [];
    for (const [r, [ids, share]] of open.entries()) {
      const row = Array.from(data.subarray(r * vocabulary, (r + 1) * vocabulary), (z) =>
        Math.exp(z / temperature),
      );
      const total = row.reduce((a, b) => a + b, 0);
      for (const [id, weight] of row.entries()) {
        const longer: [number[], number] = [[...ids, id], (share * weight) / total];
        if (id === EOS || t === 2) done.set(longer[0].join(' '), longer[1]);
        else if (longer[1] > 1e-6) next.push(longer);
      }
    }
    open = next;
  }
  return done;
}

test.skipIf(!smollm2)(
  `SmolLM2 writes the same greedy texts with a draft of six of its layers${smollm2 ? '' : `: ${noSmollm2}`}`,
  async () => {
    const { target, draft } = await pair(smollm2!, 6, 2);
    const stream = randomStream(2, 'SmolLM2');
    const asked = Array.from({ length: 12 }, (_, i) =>
      Array.from({ length: 4 + i }, () => 1000 + Math.floor(20_000 * stream.next())),
    );
    const how = { ...plain, maxNewTokens: 24, eosTokenIds: [2] };
    const texts = await generate(target, asked, how);
    const sooner = await generate(target, asked, { ...how, draft: { model: draft, tokens: 4 } });
    expect(sooner).toHaveLength(asked.length);
    expect(sooner.flat().map(({ tokenIds }) => tokenIds)).toEqual(
      texts.flat().map(({ tokenIds }) => tokenIds),
    );
  },
  300_000,
);
