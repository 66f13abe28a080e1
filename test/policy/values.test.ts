import { lastValueFrom, of } from 'rxjs';
import { describe, expect, test } from 'vitest';
import { nameRewards } from '../../src/environment/scoring/name-rewards.ts';
import { scoreRollouts } from '../../src/environment/scoring/score-rollouts.ts';
import { addAdvantages } from '../../src/pipeline/batch/add-advantages.ts';
import { advantagesBy } from '../../src/pipeline/batch/estimate-advantages.ts';
import type { PolicyState } from '../../src/policy/policy.ts';
import { parseRecipe } from '../../src/recipe/recipe.ts';
import type { AdvantagedRollout, Rollout, RolloutBatch } from '../../src/types.ts';
import { modelFolder } from './model-folder.ts';
import { greatestGap, rollOut, withReference } from './rollouts.ts';
import {
  arraysOf,
  openTinyRecipe,
  type RecipeOverrides,
  type Tiny,
  tinyRecipe,
  trainedOf,
} from './tiny-policy.ts';

type Algorithm = NonNullable<RecipeOverrides['algorithm']>;

const model = modelFolder({ eosTokenIds: [2, 3, 4, 5, 6, 7, 8] });

const open = (
  algorithm: Algorithm = {},
  betas: readonly number[] = [0.7, 0.3],
  overrides: RecipeOverrides = {},
) =>
  openTinyRecipe(parseRecipe(tinyRecipe(model, { algorithm: { name: 'ppo', ...algorithm }, ...overrides })), {
    trained: true,
    betas: () => betas,
  });

/** The policy with another value head. */
async function withHead(tiny: Tiny, weight: Float32Array, bias: number): Promise<PolicyState> {
  const state = tiny.policy.state();
  const [w, b] = [state.arrays['trained.value_head.weight']!, state.arrays['trained.value_head.bias']!];
  const arrays = {
    ...state.arrays,
    'trained.value_head.weight': { ...w, data: weight },
    'trained.value_head.bias': { ...b, data: Float32Array.of(bias) },
  };
  const changed = { ...state, arrays };
  await tiny.policy.restore(changed);
  return changed;
}

/** Rollouts with values, scored and given their advantages as a run does it. */
async function advantaged(tiny: Tiny, klCoef = 0): Promise<RolloutBatch<AdvantagedRollout>> {
  const { policy, recipe } = tiny;
  const rolled = await rollOut(tiny);
  const values = await policy.snapshot().values(rolled);
  const valued = rolled.map((rollout, b) => ({ ...rollout, values: values[b]! }));
  const measured = klCoef === 0 ? valued : await withReference(policy, valued);
  const rewards = nameRewards(recipe.rewards);
  const { signal } = new AbortController();
  const { rollouts } = await scoreRollouts(measured, { rewards, step: 0, signal });
  const batch = { index: 0, rollouts, policyVersion: 0, beta: 0, metrics: {} };
  const still = { value: () => klCoef, observe() {} };
  return lastValueFrom(of(batch).pipe(addAdvantages(advantagesBy(rewards, recipe.algorithm), still)));
}

describe('values', () => {
  test('of a fresh head are 0', async () => {
    const tiny = await open();
    const rollouts = await rollOut(tiny);
    const values = await tiny.policy.snapshot().values(rollouts);
    expect(values.flat().every((value) => value === 0)).toBe(true);
  });

  test('are w·h + b of each state, from the prompt’s last token to the text’s', async () => {
    const tiny = await open();
    const rollouts = await rollOut(tiny);
    // With a token's row of the language-model head for w the value is that token's logit.
    const token = 91;
    const width = tiny.config.hiddenSize;
    const head = tiny.base[tiny.programs.headWeight]!.data as Float32Array;
    await withHead(tiny, head.slice(token * width, (token + 1) * width), 0.25);
    const values = await tiny.policy.snapshot().values(rollouts);
    expect(values.map((row) => row.length)).toEqual(rollouts.map(({ tokenIds }) => tokenIds.length + 1));
    expect(greatestGap(values, await logitsOf(tiny, rollouts, token, 0.25))).toBeLessThan(1e-4);
    expect(
      greatestGap(
        values.flat(),
        values.flat().map(() => 0.25),
      ),
    ).toBeGreaterThan(0.1);
  });

  test('are those of the weights and β of the snapshot, whatever becomes of the policy', async () => {
    const tiny = await open();
    const { rollouts } = await advantaged(tiny);
    const before = tiny.policy.snapshot();
    await tiny.policy.update({ objective: 'rl', rollouts });
    const after = tiny.policy.snapshot();
    expect((await before.values(rollouts)).flat().every((value) => value === 0)).toBe(true);
    expect((await after.values(rollouts)).flat().some((value) => Math.abs(value) > 1e-3)).toBe(true);
  });
});

/** Logits of one token after the prompt and after each token of each completion, plus something. */
async function logitsOf({ policy }: Tiny, rollouts: readonly Rollout[], token: number, plus: number) {
  return Promise.all(
    rollouts.map(async ({ promptIds, tokenIds }) => {
      const ids = [...promptIds, ...tokenIds];
      const { data, shape } = await policy.logits({ inputIds: [ids], attentionMask: [ids.map(() => 1)] });
      return Array.from(
        { length: tokenIds.length + 1 },
        (_, t) => data[(promptIds.length - 1 + t) * shape[2]! + token]! + plus,
      );
    }),
  );
}

describe.each(['past-last', 'last-token'] as const)('a batch with its scores placed %s', (scorePlacement) => {
  test('trains values up to where the score is', async () => {
    const tiny = await open({ scorePlacement });
    const { rollouts } = await advantaged(tiny);
    const lengths = rollouts.map(({ tokenIds, finishReason, valueTargets }) => ({
      more: valueTargets!.mask.length - tokenIds.length,
      ended: finishReason === 'eos',
    }));
    expect(lengths.some(({ ended }) => ended) && lengths.some(({ ended }) => !ended)).toBe(true);
    for (const { more, ended } of lengths) expect(more).toBe(scorePlacement === 'past-last' && ended ? 1 : 0);
    for (const { valueTargets } of rollouts) expect(valueTargets!.mask.every((m) => m === 1)).toBe(true);
  });

  test('has the value loss ½·mean (V − R)², at the values recorded', async () => {
    const tiny = await open({ scorePlacement, valueClip: 0.01 });
    const random = Float32Array.from({ length: tiny.config.hiddenSize }, (_, i) => 0.1 * Math.sin(3 * i));
    await withHead(tiny, random, 0.3);
    const { rollouts } = await advantaged(tiny);
    const targets = rollouts.map(({ valueTargets }) => valueTargets!);
    const errors = targets.flatMap(({ values, returns }) => values.map((v, t) => (v - returns[t]!) ** 2));
    const expected = errors.reduce((sum, e) => sum + e, 0) / errors.length / 2;
    const metrics = await tiny.policy.update({ objective: 'rl', rollouts });
    expect(metrics['loss/value_avg']).toBeCloseTo(expected, 5);
    expect(metrics['val/clipfrac_avg']).toBe(0);
    expect(metrics.loss).toBeCloseTo(metrics['loss/policy_avg']! + 0.1 * metrics['loss/value_avg']!, 5);
    // Once the values have moved further than valueClip, the clipped error is the worse one somewhere.
    const again = await tiny.policy.update({ objective: 'rl', rollouts });
    expect(again['val/clipfrac_avg']).toBeGreaterThan(0);
  });
});

describe('the gradient of the value loss', () => {
  /** A step on the value loss alone. */
  async function step(algorithm: Algorithm, valueCoef: number) {
    const tiny = await open({ ...algorithm, valueCoef }, [0.7, 0.3], {
      optimizer: { lr: 1e-2, maxGradNorm: 0 },
    });
    const random = Float32Array.from({ length: tiny.config.hiddenSize }, (_, i) => 0.1 * Math.sin(3 * i));
    await withHead(tiny, random, 0.3);
    const { rollouts } = await advantaged(tiny);
    const flat = rollouts.map((rollout) => ({
      ...rollout,
      tokenAdvantages: rollout.tokenAdvantages!.map(() => 0),
    }));
    await tiny.policy.update({ objective: 'rl', rollouts: flat });
    // A first step's moments are its gradients, but for a factor.
    return Object.entries(arraysOf(tiny.policy.state(), 'expAvg.'));
  }

  test('flows into the adapter, in proportion to valueCoef, unless the head is detached', async () => {
    const [once, twice, detached] = [
      await step({}, 0.1),
      await step({}, 0.2),
      await step({ detachValueHead: true }, 0.1),
    ];
    for (const [i, [name, gradient]] of once.entries()) {
      const largest = greatestGap(
        gradient,
        gradient.map(() => 0),
      );
      expect(largest, name).toBeGreaterThan(1e-6);
      expect(
        greatestGap(
          twice[i]![1],
          gradient.map((g) => 2 * g),
        ),
        name,
      ).toBeLessThan(1e-3 * largest);
      const alone = detached[i]![1];
      if (name.startsWith('value_head'))
        expect(greatestGap(alone, gradient), name).toBeLessThan(1e-5 * largest);
      else
        expect(
          alone.every((g) => g === 0),
          name,
        ).toBe(true);
    }
  });
});

test('an update changes the adapter and the value head, and no weight of the model', async () => {
  const tiny = await open();
  const base = Object.entries(tiny.base).map(([name, { data }]) => [name, data.slice()] as const);
  const before = trainedOf(tiny.policy);
  expect(Object.keys(before).filter((name) => !name.includes('lora_'))).toEqual([
    'value_head.weight',
    'value_head.bias',
  ]);
  const { rollouts } = await advantaged(tiny);
  await tiny.policy.update({ objective: 'rl', rollouts });
  const after = trainedOf(tiny.policy);
  for (const name of Object.keys(before))
    expect(greatestGap(before[name]!, after[name]!), name).toBeGreaterThan(0);
  for (const [name, data] of base) expect(tiny.weights().base[name]!.data, name).toEqual(data);
});

test('a KL penalty in the rewards makes them −klCoef·(log π − log π_ref), with the score at the end', async () => {
  const tiny = await open({ klCoef: 0.5, scorePlacement: 'last-token', advantage: { lambda: 1 } });
  const { rollouts, metrics } = await advantaged(tiny, 0.5);
  let [total, count] = [0, 0];
  for (const { logprobs, refLogprobs, reward, valueTargets } of rollouts) {
    const kl = logprobs.map((logprob, t) => logprob - refLogprobs![t]!);
    const all = kl.reduce((sum, x) => sum + x, 0);
    // With γ = λ = 1 the return of the first token is all that is earned.
    expect(valueTargets!.returns[0]).toBeCloseTo(reward - 0.5 * all, 4);
    total += all;
    count++;
  }
  expect(Math.abs(total)).toBeGreaterThan(0.1);
  expect(metrics['objective/kl']).toBeCloseTo(total / count, 4);
  expect(metrics).toMatchObject({ kl_coef: 0.5 });
  expect(metrics['objective/rlhf_reward']).toBeCloseTo(
    metrics['objective/scores']! - (0.5 * total) / count,
    4,
  );
});
