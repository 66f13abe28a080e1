import { describe, expect, test } from 'vitest';
import type { TrainBatch } from '../../../src/policy/batch/train-batch.ts';
import type { PolicyState } from '../../../src/policy/policy.ts';
import { parseRecipe } from '../../../src/recipe/recipe.ts';
import { unrepeatable } from '../../pipeline/unrepeatable.ts';
import { modelFolder } from '../model-folder.ts';
import { greatestGap, mapInGroups, mixed, rollOut, withAdvantages, withReference } from '../rollouts.ts';
import { arraysOf, openTinyRecipe, type RecipeOverrides, type Tiny, tinyRecipe } from '../tiny-policy.ts';
import { requests } from '../toy-environment.ts';

/** 5 prompts of 4 completions: 3 cuts each group 3 + 1, 8 takes two groups at a time and leaves one over. */
const sampling = { groupSize: 4, promptsPerStep: 5, maxNewTokens: 4 };
const cuts: Limits[] = [
  { microBatchSize: 1 },
  { microBatchSize: 3 },
  { microBatchSize: 8 },
  { microBatchTokens: 4 },
  { microBatchTokens: 30 },
  { microBatchTokens: 100 },
  { microBatchTokens: 60, microBatchSize: 3 },
];
const WHOLE: Limits = { microBatchSize: 64 };

interface Limits {
  readonly microBatchSize?: number;
  readonly microBatchTokens?: number;
}

const kl = { klCoef: 0.1, clipEpsilonHigh: 0.28 };
const cases: [name: string, recipe: RecipeOverrides][] = [
  ['grpo', { algorithm: { name: 'grpo' } }],
  ['grpo with KL', { algorithm: { name: 'grpo', ...kl } }],
  ['dapo', { algorithm: { name: 'dapo' } }],
  ['dapo with KL, truncated texts masked', { algorithm: { name: 'dapo', ...kl, maskTruncated: true } }],
  ['grpo, full', { method: 'full', algorithm: { name: 'grpo', ...kl } }],
  ['sft', { objective: 'sft' }],
  ['sft, full', { objective: 'sft', method: 'full' }],
];

describe.each(cases)('%s', (_, overrides) => {
  let limits = WHOLE;
  const open = async (): Promise<Tiny> => {
    const model = modelFolder({ eosTokenIds: [2, ...Array.from({ length: 14 }, (_, i) => 3 + i)] });
    const recipe = parseRecipe(
      tinyRecipe(model, { ...overrides, sampling, optimizer: { lr: 1e-2, maxGradNorm: 0, eps: 1e-4 } }),
    );
    const optimizer = {
      ...recipe.optimizer,
      get microBatchSize() {
        return limits.microBatchSize;
      },
      get microBatchTokens() {
        return limits.microBatchTokens;
      },
    };
    return openTinyRecipe({ ...recipe, optimizer }, { trained: true });
  };

  test('micro-batches add up to the step of the whole batch', async () => {
    const tiny = await open();
    const batch = await batchFor(tiny);
    const start = tiny.policy.state();
    const step = async (at: Limits) => {
      limits = at;
      await tiny.policy.restore(start);
      const metrics = await tiny.policy.update(batch);
      return { metrics, state: tiny.policy.state() };
    };
    const whole = await step(WHOLE);
    expect(whole.metrics.grad_norm).toBeGreaterThan(1e-2);
    for (const at of cuts) {
      const parts = await step(at);
      const where = JSON.stringify(at);
      expect(Object.keys(parts.metrics)).toEqual(Object.keys(whole.metrics));
      for (const [name, value] of Object.entries(whole.metrics)) {
        if (unrepeatable.includes(name)) continue;
        expect(parts.metrics[name], `${name} at ${where}`).toBeCloseTo(value, 5);
      }
      // Weights are as much as 100 steps long, so a step is rounded to fewer digits than the moments.
      for (const [kind, tolerance] of [
        ['expAvg.', 1e-5],
        ['expAvgSq.', 1e-5],
        ['trained.', 2e-3],
      ] as const) {
        const gap = relativeGap(parts.state, whole.state, start, kind);
        expect(gap, `${kind} at ${where}`).toBeLessThan(tolerance);
      }
    }
  });
});

async function batchFor(tiny: Tiny): Promise<TrainBatch> {
  const { recipe, policy } = tiny;
  if (recipe.objective === 'sft') {
    const asked = await requests(recipe.env, 7);
    const { encodeExample } = policy.snapshot();
    const examples = asked.map((each, group) => ({
      ...encodeExample({ ...each, target: recipe.env.target!(each.task) }),
      group,
    }));
    return { objective: 'sft', examples };
  }
  // Ratios other than 1, some beyond the clip range; and a group in which all did equally well.
  const scored = withAdvantages(await rollOut(tiny), (g, p) => (p === 2 ? 0 : mixed(g, p)));
  const rollouts = mapInGroups(await withReference(policy, scored), (rollout, g) => ({
    ...rollout,
    logprobs: rollout.logprobs.map((logprob, t) => logprob + 0.3 * Math.sin(t + 2 * g + rollout.group)),
  }));
  return { objective: 'rl', rollouts };
}

/** Greatest difference of two steps relative to the greatest that the step itself made, tensor by tensor. */
function relativeGap(a: PolicyState, b: PolicyState, start: PolicyState, kind: string): number {
  const [first, second, from] = [a, b, start].map((state) => arraysOf(state, kind));
  const gaps = Object.keys(second!).map(
    (name) => greatestGap(first![name], second![name]) / greatestGap(second![name], from![name]),
  );
  return Math.max(...gaps);
}
