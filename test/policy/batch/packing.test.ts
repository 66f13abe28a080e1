import { describe, expect, test } from 'vitest';
import type { TrainBatch } from '../../../src/policy/batch/train-batch.ts';
import { parseRecipe } from '../../../src/recipe/recipe.ts';
import { modelFolder } from '../model-folder.ts';
import { greatestGap } from '../rollouts.ts';
import { arraysOf, openTinyRecipe, type RecipeOverrides, type Tiny, tinyRecipe } from '../tiny-policy.ts';
import { requests } from '../toy-environment.ts';

const cases: [name: string, recipe: RecipeOverrides, beta: number][] = [
  ['afa-lora at β = 1', { method: 'afa-lora' }, 1],
  ['afa-lora at β = ½', { method: 'afa-lora' }, 0.5],
  ['lora, β = 0', { method: 'lora' }, 0],
  ['full', { method: 'full' }, 0],
];
/**
 * Rows of 24 tokens hold one to eight examples; of 256 all of a micro-batch; of 12 one, and some examples are longer. 11
 * examples a step, 5 at a time.
 */
const settings = [
  { packing: 24, microBatchSize: 32 },
  { packing: 24, microBatchSize: 5 },
  { packing: 256, microBatchSize: 32 },
  { packing: 24, microBatchTokens: 56 },
  { packing: 12, microBatchTokens: 30, microBatchSize: 3 },
];

describe.each(cases)('shared rows with %s', (_, overrides, beta) => {
  test.each(settings)('of %o give the loss and every gradient of rows apart', async (packed) => {
    const apart = await firstStep(overrides, beta, { microBatchSize: 32 });
    const shared = await firstStep(overrides, beta, packed);
    expect(apart.metrics.grad_norm).toBeGreaterThan(1e-2);
    for (const name of ['loss', 'entropy', 'grad_norm'])
      expect(shared.metrics[name], name).toBeCloseTo(apart.metrics[name]!, 5);
    expect(Object.keys(shared.gradients)).toEqual(Object.keys(apart.gradients));
    for (const [name, gradient] of Object.entries(apart.gradients)) {
      expect(greatestGap(gradient, zerosLike(gradient)), name).toBeGreaterThan(0);
      expect(greatestGap(shared.gradients[name]!, gradient), name).toBeLessThan(1e-5);
    }
  });
});

const zerosLike = (values: ArrayLike<number>) => new Float32Array(values.length);

/**
 * The first step from one and the same state. After it the first moment is 0.1 times the gradient, which nothing
 * clips.
 */
async function firstStep(
  overrides: RecipeOverrides,
  beta: number,
  optimizer: Readonly<Partial<Record<'packing' | 'microBatchSize' | 'microBatchTokens', number>>>,
) {
  const recipe = parseRecipe(
    tinyRecipe(modelFolder(), {
      ...overrides,
      objective: 'sft',
      optimizer: { lr: 1e-3, maxGradNorm: 0, ...optimizer },
    }),
  );
  const tiny = await openTinyRecipe(recipe, { trained: true, betas: () => [beta, beta] });
  const metrics = await tiny.policy.update(await batchOf(tiny));
  const moments = arraysOf(tiny.policy.state(), 'expAvg.');
  const gradients = Object.fromEntries(
    Object.entries(moments).map(([name, data]) => [name, Float32Array.from(data, (value) => value / 0.1)]),
  );
  return { metrics, gradients };
}

/** Eleven examples of 1 to 17 prompt tokens and as many targets. */
async function batchOf({ recipe, policy }: Tiny): Promise<TrainBatch> {
  const asked = await requests(recipe.env, 11);
  const { encodeExample } = policy.snapshot();
  const examples = asked.map((each, group) => ({
    ...encodeExample({ ...each, target: recipe.env.target!(each.task) }),
    group,
  }));
  return { objective: 'sft', examples };
}
