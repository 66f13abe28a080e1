import { join } from 'node:path';
import { lastValueFrom, toArray } from 'rxjs';
import { describe, expect, test } from 'vitest';
import type { Coefficients } from '../../src/algorithm/coefficients.ts';
import { trainWith } from '../../src/pipeline/train.ts';
import type { TrainBatch, TrainRollout } from '../../src/policy/batch/train-batch.ts';
import type { Policy } from '../../src/policy/policy.ts';
import type { Recipe, RecipeInput } from '../../src/recipe/recipe.ts';
import { modelFolder, newPath } from './model-folder.ts';
import { greatestGap, recorded, trainerLogprobs } from './rollouts.ts';
import { openTinyRecipe, type RecipeOverrides, type Tiny, tinyRecipe } from './tiny-policy.ts';

/** What was true when a step was taken. */
interface Step {
  readonly version: number;
  readonly beta: number;
  readonly rollouts: readonly TrainRollout[];
  /** Log-probs under the trainer's weights and β of this step, [B][T]. */
  readonly now: number[][];
  readonly metrics: Readonly<Record<string, number>>;
}

/** Runs the whole pipeline; keeps each step's batch, and scores it by hand just before the step is taken. */
async function watched(input: RecipeInput): Promise<{ steps: Step[]; tiny: Tiny }> {
  const steps: Step[] = [];
  let tiny: Tiny | undefined;
  const createPolicy = async (recipe: Recipe): Promise<Policy> => {
    const opened = await openTinyRecipe(recipe, { trained: true });
    tiny = opened;
    const { policy } = opened;
    const update = policy.update.bind(policy);
    policy.update = async (batch: TrainBatch, coefficients?: Coefficients) => {
      if (batch.objective !== 'rl') throw new Error('not a batch of rollouts');
      const { version, beta } = policy;
      const now = await trainerLogprobs(opened, batch.rollouts);
      const metrics = await update(batch, coefficients);
      steps.push({ version, beta, rollouts: batch.rollouts, now, metrics });
      return metrics;
    };
    return policy;
  };
  await lastValueFrom(trainWith(createPolicy)(input, { out: join(newPath(), 'run') }).pipe(toArray()));
  return { steps, tiny: tiny! };
}

const recipe = (overrides: RecipeOverrides) =>
  tinyRecipe(modelFolder({ eosTokenIds: [2, 3, 4, 5, 6, 7, 8] }), {
    steps: 6,
    adapter: { schedule: { fraction: 0.7 } },
    ...overrides,
    sampling: { groupSize: 4, promptsPerStep: 2, maxNewTokens: 4, ...overrides.sampling },
    optimizer: { lr: 3e-3, ...overrides.optimizer },
  });

/** exp(new − old), [B][T]. */
const ratios = ({ rollouts, now }: Step): number[][] =>
  recorded(rollouts).map((row, b) => row.map((old, t) => Math.exp(now[b]![t]! - old)));

const ones = (values: number[][]) => values.map((row) => row.map(() => 1));
const distanceFromOne = (step: Step) => greatestGap(ratios(step), ones(ratios(step)));

/** TRL's GRPO loss and clip ratio of a step, from its definition. */
function byHand(step: Step, low: number, high: number) {
  const rows = ratios(step).map((row, b) => ({ row, advantage: step.rollouts[b]!.advantage }));
  const rowLosses = rows.map(({ row, advantage }) => {
    const terms = row.map((ratio) =>
      Math.min(ratio * advantage, Math.min(Math.max(ratio, low), high) * advantage),
    );
    return -terms.reduce((sum, term) => sum + term, 0) / row.length;
  });
  const tokens = rows.flatMap(({ row, advantage }) => row.map((ratio) => ({ ratio, advantage })));
  const outside = tokens.filter(
    ({ ratio, advantage }) => (ratio < low && advantage < 0) || (ratio > high && advantage > 0),
  );
  return {
    loss: rowLosses.reduce((sum, loss) => sum + loss, 0) / rows.length,
    clipped: outside.length / tokens.length,
  };
}

describe('with the sampler one batch ahead', () => {
  test('the ratio is exp(new − old): new under the trainer’s weights and β, old as recorded under the rollout’s own', async () => {
    const algorithm = { clipEpsilon: 0.1 };
    const { steps } = await watched(recipe({ algorithm, sampling: { maxOffPolicySteps: 1 } }));
    expect(steps).toHaveLength(6);
    for (const step of steps) {
      const lag = step.version === 0 ? 0 : 1;
      for (const { policyVersion, beta } of step.rollouts) {
        expect(policyVersion).toBe(step.version - lag);
        expect(beta).toBe(Math.max(0, 1 - policyVersion / 5));
      }
      if (lag === 0) expect(distanceFromOne(step)).toBeLessThan(1e-4);
      else expect(distanceFromOne(step)).toBeGreaterThan(0.05);
      const expected = byHand(step, 0.9, 1.1);
      expect(step.metrics.loss).toBeCloseTo(expected.loss, 5);
      expect(step.metrics['clip_ratio/region_mean']).toBeCloseTo(expected.clipped, 5);
      const all = ratios(step).flat();
      expect(step.metrics.ratio_min).toBeCloseTo(Math.min(1, ...all), 4);
      expect(step.metrics.ratio_max).toBeCloseTo(Math.max(1, ...all), 4);
    }
    expect(Math.max(...steps.map(({ metrics }) => metrics['clip_ratio/region_mean']!))).toBeGreaterThan(0.05);
  });

  test('without lag the ratio is 1 at every step', async () => {
    const { steps } = await watched(recipe({}));
    for (const step of steps) expect(distanceFromOne(step)).toBeLessThan(1e-4);
  });
});

describe('when weights all but stand still, what is left of the ratio is β’s own move', () => {
  const still = { optimizer: { lr: 1e-12 } };

  test('with lag, until β is 0', async () => {
    const { steps } = await watched(recipe({ ...still, sampling: { maxOffPolicySteps: 1 } }));
    const moved = steps.map((step) => distanceFromOne(step) > 1e-3);
    expect(steps.map(({ beta }) => beta > 0)).toEqual([true, true, true, true, true, false]);
    // The batch of step 5 was sampled at step 4 under the last β above 0.
    expect(moved).toEqual([false, true, true, true, true, true]);
  });

  test('with several steps a batch, unless β is held over the batch', async () => {
    const algorithm = { numIterations: 2 };
    const perStep = await watched(recipe({ ...still, algorithm }));
    expect(perStep.steps.map(({ beta }) => beta)).toEqual(
      [0, 1, 2, 3, 4, 5].map((s) => Math.max(0, 1 - s / 5)),
    );
    expect(perStep.steps.map((step) => distanceFromOne(step) > 1e-3)).toEqual([
      false,
      true,
      false,
      true,
      false,
      true,
    ]);
    const perBatch = await watched(recipe({ ...still, algorithm: { ...algorithm, annealPer: 'batch' } }));
    expect(perBatch.steps.map(({ beta }) => beta)).toEqual([0, 0, 2, 2, 4, 4].map((s) => 1 - s / 5));
    for (const step of perBatch.steps) expect(distanceFromOne(step)).toBeLessThan(1e-4);
    expect(perBatch.tiny.policy.beta).toBe(0);
  });

  test('the first step of a batch has ratio 1, the later ones not', async () => {
    const { steps } = await watched(recipe({ method: 'lora', adapter: {}, algorithm: { numIterations: 3 } }));
    expect(steps.map((step) => distanceFromOne(step) > 1e-3)).toEqual([false, true, true, false, true, true]);
    for (const step of steps) expect(step.metrics.loss).toBeCloseTo(byHand(step, 0.8, 1.2).loss, 5);
  });
});
