import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { lastValueFrom, toArray } from 'rxjs';
import { describe, expect, test } from 'vitest';
import { losses } from '../../src/algorithm/loss/index.ts';
import { isReservedMetric } from '../../src/environment/scoring/reserved-metrics.ts';
import { trainWith } from '../../src/pipeline/train.ts';
import type { TrainBatch } from '../../src/policy/batch/train-batch.ts';
import type { PolicyState } from '../../src/policy/policy.ts';
import { parseRecipe, type Recipe } from '../../src/recipe/recipe.ts';
import { modelFolder, newPath } from './model-folder.ts';
import {
  greatestGap,
  mapInGroups,
  mixed,
  rollOut,
  withAdvantages,
  withReference,
  withValueTargets,
} from './rollouts.ts';
import {
  arraysOf,
  openTinyRecipe,
  type RecipeOverrides,
  type Tiny,
  tinyRecipe,
  trainedOf,
} from './tiny-policy.ts';

type Algorithm = NonNullable<RecipeOverrides['algorithm']>;
type Name = NonNullable<Algorithm['name']>;

const names = Object.keys(losses) as Name[];
const verl = ['ppo', 'grpo', 'dapo', 'dr_grpo', 'cispo', 'gspo', 'sapo', 'geo_mean'] as const;
const selections = { topEntropyQuantile: 0.5, offPolicyThreshold: 0.1, maskTruncated: true };

/** Every loss as it comes, verl's forms, and every option that adds to a loss. */
const algorithms: [title: string, algorithm: Algorithm][] = [
  ...names.map((name): [string, Algorithm] => [name, { name }]),
  ...verl.map((name): [string, Algorithm] => [`${name} (verl)`, { name, compat: 'verl', klCoef: 0.05 }]),
  ['grpo, entropy bonus and selections', { entropyCoef: 0.05, ...selections }],
  ['gspo, entropy bonus and selections', { name: 'gspo', entropyCoef: 0.05, klCoef: 0.1, ...selections }],
  ['dapo, adaptive entropy', { name: 'dapo', adaptiveEntropy: { target: 20 }, entropyCoef: 0.1 }],
  [
    'grpo, adaptive KL by k2',
    {
      klCoef: 0.1,
      klEstimator: 'k2',
      klControl: { type: 'adaptive', target: 0.01, horizon: 1000 },
    },
  ],
  ['grpo, two-sided and one ratio a sequence', { delta: 1.5, importanceLevel: 'sequence' }],
  ['clip_cov over many tokens', { name: 'clip_cov', covariance: { share: 0.3, lower: -9, upper: 9 } }],
  ['kl_cov over many tokens', { name: 'kl_cov', covariance: { share: 0.3 } }],
  ['grpo, corrected by token', { samplerCorrection: { mode: 'token_truncate', min: 0.8, max: 1.2 } }],
  ['vespo, corrected by sequence', { name: 'vespo', samplerCorrection: { mode: 'sequence_truncate' } }],
  ['geo_mean, corrected by sequence', { name: 'geo_mean', samplerCorrection: {} }],
  ['rloo, corrected by token', { name: 'rloo', samplerCorrection: { mode: 'token_mask' } }],
  ['grpo, advantages of REINFORCE++', { advantage: { estimator: 'reinforce_plus_plus', gamma: 0.9 } }],
  ['reinforce, advantages of ReMax', { name: 'reinforce', advantage: { estimator: 'remax' } }],
  ['grpo, advantages of a value function', { advantage: { estimator: 'gae', gamma: 0.99, lambda: 0.9 } }],
  ['ppo without a value function', { name: 'ppo', dualClip: 3, advantage: { estimator: 'grpo' } }],
  [
    'ppo with whitened rewards, a detached head and an entropy bonus',
    { name: 'ppo', whitenRewards: true, detachValueHead: true, entropyCoef: 0.05, missingEosPenalty: 1 },
  ],
  ['ppo, corrected by token', { name: 'ppo', samplerCorrection: { mode: 'token_truncate', max: 2 } }],
  ['ppo with its KL in the loss', { name: 'ppo', klIn: 'loss', klCoef: 0.1, ...selections }],
  ['rloo with a KL penalty in the rewards', { name: 'rloo', klIn: 'reward', klCoef: 0.1 }],
  [
    'reinforce++ with an adaptive KL penalty in the rewards',
    {
      name: 'reinforce',
      advantage: { estimator: 'reinforce_plus_plus' },
      klIn: 'reward',
      klCoef: 0.1,
      klControl: { type: 'adaptive', target: 0.01, horizon: 1000 },
    },
  ],
  ['grpo, rewards normalised one by one', { rewardAggregation: 'normalise-then-sum' }],
];

const model = () => modelFolder({ eosTokenIds: [2, ...Array.from({ length: 14 }, (_, i) => 3 + i)] });

/** Extremes over nothing are not numbers. */
const isExtreme = (name: string) => /_(min|max)$/.test(name);

describe.each(algorithms)('%s', (_, algorithm) => {
  test('trains through the whole pipeline for two steps', async () => {
    const tinies: Tiny[] = [];
    const starts: ReturnType<typeof trainedOf>[] = [];
    const out = join(newPath(), 'run');
    const input = tinyRecipe(model(), {
      steps: 2,
      algorithm: { numIterations: 2, ...algorithm },
      sampling: { groupSize: 4, promptsPerStep: 2, maxNewTokens: 4 },
      adapter: { schedule: { fraction: 1 } },
      optimizer: { lr: 1e-3 },
    });
    const createPolicy = async (recipe: Recipe) => {
      const tiny = await openTinyRecipe(recipe, { trained: true });
      tinies.push(tiny);
      starts.push(trainedOf(tiny.policy));
      return tiny.policy;
    };
    const events = await lastValueFrom(trainWith(createPolicy)(input, { out }).pipe(toArray()));
    const steps = events.flatMap((event) => (event.type === 'step' ? [event.metrics] : []));
    expect(steps).toHaveLength(2);
    for (const metrics of steps) {
      for (const [name, value] of Object.entries(metrics)) {
        if (!isExtreme(name)) expect(Number.isFinite(value), `${name} ${value}`).toBe(true);
        // No reward may log by it.
        expect(isReservedMetric(name), name).toBe(true);
      }
      expect(metrics).toMatchObject({ skipped: 0 });
      expect(metrics.grad_norm).toBeGreaterThan(1e-4);
    }
    expect(greatestGap(...pairOf(starts[0]!, trainedOf(tinies[0]!.policy)))).toBeGreaterThan(1e-4);
    expect(events.at(-1)).toMatchObject({ type: 'done' });
    expect(existsSync(join(out, 'merged'))).toBe(true);
  });

  test('micro-batches, the last one smaller, add up to the whole batch', async () => {
    let limits: { readonly rows?: number; readonly tokens?: number } = { rows: 64 };
    const recipe = parseRecipe(
      tinyRecipe(model(), {
        algorithm,
        sampling: { groupSize: 4, promptsPerStep: 5, maxNewTokens: 4 },
        optimizer: { lr: 1e-2, maxGradNorm: 0 },
      }),
    );
    const optimizer = {
      ...recipe.optimizer,
      get microBatchSize() {
        return limits.rows;
      },
      get microBatchTokens() {
        return limits.tokens;
      },
    };
    const tiny = await openTinyRecipe({ ...recipe, optimizer }, { trained: true, betas: () => [0.6, 0.4] });
    const batch = await offPolicyBatch(tiny);
    const start = tiny.policy.state();
    const step = async (at: typeof limits) => {
      limits = at;
      await tiny.policy.restore(start);
      const { compilations: __, ...metrics } = await tiny.policy.update(batch);
      return { metrics: Object.entries(metrics), gradients: gradients(tiny.policy.state()) };
    };
    const whole = await step({ rows: 64 });
    const largest = Math.max(
      ...Object.values(whole.gradients).map((g) =>
        greatestGap(
          g,
          g.map(() => 0),
        ),
      ),
    );
    expect(largest).toBeGreaterThan(1e-5);
    for (const at of [{ rows: 3 }, { rows: 8 }, { tokens: 60 }]) {
      const parts = await step(at);
      expect(parts.metrics.map(([name]) => name)).toEqual(whole.metrics.map(([name]) => name));
      parts.metrics.forEach(([name, value], i) => {
        const expected = whole.metrics[i]![1];
        if (!Number.isNaN(expected)) {
          expect(Math.abs(value - expected), name).toBeLessThan(1e-5 + 1e-4 * Math.abs(expected));
        }
      });
      const gap = greatestGap(...pairOf(parts.gradients, whole.gradients));
      expect(gap, `gradients at micro-batches of ${JSON.stringify(at)}`).toBeLessThan(1e-4 * largest);
    }
  });
});

/** The arrays of two records with the same names. */
function pairOf(
  a: Readonly<Record<string, Float32Array>>,
  b: Readonly<Record<string, Float32Array>>,
): [Float32Array[], Float32Array[]] {
  return [Object.values(a), Object.keys(a).map((name) => b[name]!)];
}

/** A first step's moments are its gradients, but for a factor. */
const gradients = (state: PolicyState) => arraysOf(state, 'expAvg.');

/** Ratios other than 1, some beyond clip ranges, and a group in which all did equally well. */
async function offPolicyBatch(tiny: Tiny): Promise<TrainBatch> {
  const { policy, recipe } = tiny;
  const { samplerCorrection, advantage } = recipe.algorithm;
  const scored = withAdvantages(await rollOut(tiny), (g, p) => (p === 2 ? 0 : mixed(g, p)));
  const rollouts = mapInGroups(await withReference(policy, scored), (rollout, g) => {
    const { group: p, logprobs } = rollout;
    const away = (scale: number, phase: number) =>
      logprobs.map((logprob, t) => logprob + scale * Math.sin(t + 2 * g + phase));
    return {
      ...rollout,
      logprobs: away(0.3, p),
      ...(samplerCorrection && { oldLogprobs: away(0.2, p + 3) }),
      ...(advantage.estimator === 'reinforce_plus_plus' && {
        tokenAdvantages: logprobs.map((_, t) => mixed(g + t, p)),
      }),
    };
  });
  const valued = advantage.estimator === 'gae';
  return { objective: 'rl', rollouts: valued ? withValueTargets(rollouts) : rollouts };
}
