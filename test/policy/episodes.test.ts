import { join } from 'node:path';
import { lastValueFrom, toArray } from 'rxjs';
import { describe, expect, test } from 'vitest';
import type { Engine } from '../../src/engine/engine.ts';
import { createOnnxEngine } from '../../src/engine/onnx/onnx-engine.ts';
import { train } from '../../src/index.ts';
import type { TrainRollout } from '../../src/policy/batch/train-batch.ts';
import { lines } from '../pipeline/run.ts';
import { letter, modelFolder, newPath } from './model-folder.ts';
import {
  greatestGap,
  mixed,
  own,
  recorded,
  rollOut,
  trainerLogprobs,
  withAdvantages,
  withReference,
} from './rollouts.ts';
import { arraysOf, openTiny, type RecipeOverrides, type Tiny, tinyRecipe } from './tiny-policy.ts';
import { toyTool } from './toy-environment.ts';

// Episodes of several turns: what the environment says is part of the text, and of nothing else.

const eosTokenIds = [2, ...Array.from({ length: 14 }, (_, i) => 3 + i)];
/** The pad token of `modelFolder`, which its tokenizer names as special. */
const PAD = 0;
const sampling = { groupSize: 4, promptsPerStep: 6, maxNewTokens: 6, temperature: 0.8 };

const open = (betas: readonly number[] = [0.5, 0.5], recipe: RecipeOverrides = {}) =>
  openTiny({
    recipe: { env: toyTool(), sampling, ...recipe },
    eosTokenIds,
    chatTemplate: true,
    trained: true,
    betas: () => betas,
  });

describe('the rollouts of episodes', () => {
  test('have turns of different number and length, and tokens of both sides in their order', async () => {
    const tiny = await open();
    const all = await rollOut(tiny);
    expect(new Set(all.map(({ turns }) => turns!.length))).toEqual(new Set([1, 3, 5]));
    for (const { tokenIds, completionMask, logprobs, turns, text } of all) {
      expect([completionMask!.length, logprobs.length]).toEqual([tokenIds.length, tokenIds.length]);
      // An EOS stays where it was sampled, and so does a pad token, which no text shows. The template's own mark follows
      // a turn that another EOS ended.
      const ends = new Set([...eosTokenIds, PAD]);
      const letters = tokenIds.filter((id) => !ends.has(id)).map(letter);
      const words = turns!.map(({ content }) => content).join('');
      const plain = [...words].filter((c) => ![...ends].map(letter).includes(c)).join('');
      expect(letters.join('')).toBe(plain);
      expect(text).toBe(turns!.at(-1)!.content);
      expect(logprobs.map((logprob) => (logprob === 0 ? 0 : 1))).toEqual(completionMask);
    }
  });

  test.each([
    [1, 1],
    [0.5, 0.5],
    [0, 0],
    [0.2, 0.9],
  ])('have the log-probs that the trainer finds, at β = %s and %s', async (...betas) => {
    const tiny = await open(betas);
    const rollouts = await rollOut(tiny);
    const found = await trainerLogprobs(tiny, rollouts);
    expect(greatestGap(own(rollouts, recorded(rollouts)), own(rollouts, found))).toBeLessThan(1e-4);
  });
});

describe('a turn of an episode', () => {
  const noting = async (cacheGB: number, ran: string[] = []) => {
    const inner = await createOnnxEngine({ threads: 1 });
    const engine: Engine = {
      name: 'onnx',
      stats: () => inner.stats(),
      dispose: () => inner.dispose(),
      compile: (fn, options) => {
        const { run, dispose } = inner.compile(fn, options);
        return {
          run: (...given) => {
            ran.push(options.name);
            return run(...given);
          },
          dispose,
        };
      },
    };
    const tiny = await openTiny({
      recipe: { env: toyTool(), sampling: { ...sampling, cacheGB } },
      eosTokenIds,
      chatTemplate: true,
      trained: true,
      betas: () => [0.5, 0.5],
      open: async () => engine,
    });
    return { rollouts: await rollOut(tiny), tiny };
  };

  test('computes only what was said since, and samples what it would from the whole conversation', async () => {
    const ran: string[] = [];
    const { rollouts, tiny } = await noting(1, ran);
    expect(ran.filter((name) => name === 'prefill')).toHaveLength(1);
    expect(ran.filter((name) => name === 'extend')).toHaveLength(2);
    // Without memory for kept texts, each turn computes the whole conversation.
    const anew: string[] = [];
    const small = await noting(1e-9, anew);
    expect(anew).not.toContain('extend');
    expect(small.rollouts.map(({ tokenIds }) => tokenIds)).toEqual(rollouts.map(({ tokenIds }) => tokenIds));
    const found = await trainerLogprobs(tiny, rollouts);
    expect(greatestGap(own(rollouts, recorded(rollouts)), own(rollouts, found))).toBeLessThan(1e-4);
  });
});

describe('an update on episodes', () => {
  const algorithm = { name: 'dapo', clipEpsilon: 1e-4, klCoef: 0.1, entropyCoef: 0.01 } as const;

  async function update(tiny: Tiny, change: (rollout: TrainRollout) => TrainRollout = (rollout) => rollout) {
    const start = tiny.policy.state();
    const rolled = await withReference(tiny.policy, withAdvantages(await rollOut(tiny), mixed));
    const metrics = await tiny.policy.update({ objective: 'rl', rollouts: rolled.map(change) });
    const gradients = arraysOf(tiny.policy.state(), 'expAvg.');
    await tiny.policy.restore(start);
    return { metrics, gradients };
  }

  test('finds ratios of 1, and the environment’s tokens in none of its means', async () => {
    const tiny = await open([0.5, 0.5], { algorithm: { name: 'dapo', clipEpsilon: 1e-4 } });
    const rollouts = withAdvantages(await rollOut(tiny), () => 1);
    const metrics = await tiny.policy.update({ objective: 'rl', rollouts });
    expect(metrics['clip_ratio/region_mean']).toBe(0);
    // Averaged over the policy's own tokens alone it is minus the mean advantage.
    expect(metrics.loss).toBeCloseTo(-1, 5);
  });

  test('does not depend on what is noted at the environment’s tokens', async () => {
    const tiny = await open([0.5, 0.5], { algorithm });
    const plain = await update(tiny);
    const other = await update(tiny, (rollout) => {
      const noise = (row: readonly number[]) => row.map((x, t) => (rollout.completionMask![t] ? x : x - 3));
      return { ...rollout, logprobs: noise(rollout.logprobs), refLogprobs: noise(rollout.refLogprobs!) };
    });
    const { compilations: _, ...metrics } = plain.metrics;
    expect(other.metrics).toMatchObject(metrics);
    expect(other.gradients).toEqual(plain.gradients);
  });

  test('does depend on what the environment said: it is what the policy read', async () => {
    const tiny = await open([0.5, 0.5], { algorithm });
    const plain = await update(tiny);
    const other = await update(tiny, (rollout) => ({
      ...rollout,
      tokenIds: rollout.tokenIds.map((id, t) => (rollout.completionMask![t] ? id : 60 + (id % 50))),
    }));
    expect(greatestGap(Object.values(other.gradients), Object.values(plain.gradients))).toBeGreaterThan(1e-4);
  });
});

test.each([
  ['grpo', { name: 'grpo' }],
  ['ppo', { name: 'ppo', klCoef: 0.1 }],
] as const)('%s trains on episodes through the whole pipeline', async (_, algorithm) => {
  const model = modelFolder({ eosTokenIds, chatTemplate: true });
  const recipe = tinyRecipe(model, {
    env: toyTool(),
    steps: 2,
    algorithm,
    sampling: { ...sampling, promptsPerStep: 2 },
  });
  const out = join(newPath(), 'run');
  const events = await lastValueFrom(train(recipe, { out }).pipe(toArray()));
  expect(events.at(-1)).toMatchObject({ type: 'done' });
  const metrics = await lines(out, 'metrics.jsonl');
  for (const { grad_norm, skipped } of metrics) {
    expect(skipped).toBe(0);
    expect(grad_norm).toBeGreaterThan(0);
  }
  const records = await lines(out, 'rollouts.jsonl');
  expect(records.some(({ turns }) => Array.isArray(turns) && turns.length === 5)).toBe(true);
});
