import { resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { TrainBatch } from '../../src/policy/batch/train-batch.ts';
import { parseRecipe } from '../../src/recipe/recipe.ts';
import { fixtures, nameOf, oneOfEachFamily, readGolden } from '../golden/golden-files.ts';
import { modelFolder } from './model-folder.ts';
import { mixed, rollOut, withAdvantages, withValueTargets } from './rollouts.ts';
import { arraysOf, openTinyRecipe, type RecipeOverrides, type Tiny, tinyRecipe } from './tiny-policy.ts';
import { requests } from './toy-environment.ts';

// Computing layers again in the backward pass changes no bit of the gradients.

const placements = ['A-s-B', 's-A-B', 's-A-B-s', 's-A-s-B', 's-A-s-B-s'] as const;
const sampling = { groupSize: 3, promptsPerStep: 3, maxNewTokens: 12 };

const cases: [name: string, recipe: RecipeOverrides][] = [
  ...placements.map((placement): (typeof cases)[number] => [
    `afa-lora ${placement}`,
    { method: 'afa-lora', adapter: { placement, activation: 'gelu' } },
  ]),
  ['lora', { method: 'lora' }],
  ['full', { method: 'full' }],
  ['a base in 8 bits', { runtime: { baseDtype: 'q8' } }],
  ['a value head', { algorithm: { name: 'ppo' } }],
  ['examples that share rows', { objective: 'sft', optimizer: { lr: 1e-3, packing: 48 } }],
  ['examples apart', { objective: 'sft' }],
];

describe('recomputed layers give the gradients of layers that are kept, to the bit:', () => {
  test.each(cases)('%s', async (_, recipe) => {
    await expectSameBits(resolve(fixtures, 'models', 'llama-tied'), recipe);
  });
  test.each(oneOfEachFamily.map((folder) => [nameOf(folder), folder] as const))('%s', async (_, fixture) => {
    await expectSameBits(fixture, { method: 'afa-lora', sampling });
    await expectSameBits(fixture, { method: 'full', objective: 'sft', optimizer: { lr: 1e-3, packing: 48 } });
  });
});

async function expectSameBits(fixture: string, overrides: RecipeOverrides) {
  const [kept, again] = [
    await firstStep(fixture, overrides, 'never'),
    await firstStep(fixture, overrides, 'always'),
  ];
  expect(again.loss).toBe(kept.loss);
  for (const [name, gradient] of Object.entries(kept.gradients)) {
    expect(
      gradient.some((value) => value !== 0),
      name,
    ).toBe(true);
    expect(again.gradients[name], name).toEqual(gradient);
  }
}

/** The first step from one and the same state: after it the first moment is 0.1 times the gradient. */
async function firstStep(fixture: string, overrides: RecipeOverrides, recompute: 'never' | 'always') {
  const layers: number = readGolden(fixture, 'config.json').num_hidden_layers;
  const recipe = parseRecipe(
    tinyRecipe(modelFolder({ fixture, eosTokenIds: [2, 3, 4, 5, 6, 7, 8, 9, 10, 11] }), {
      sampling,
      ...overrides,
      optimizer: { lr: 1e-3, maxGradNorm: 0, ...overrides.optimizer },
      runtime: { recompute, ...overrides.runtime },
    }),
  );
  const adapter = recipe.method !== 'full';
  const betas = Array.from({ length: layers }, (_, layer) => 0.7 - 0.4 * (layer % 2));
  const tiny = await openTinyRecipe(recipe, {
    trained: adapter,
    ...(adapter && { betas: () => betas }),
  });
  const { loss } = await tiny.policy.update(await batchFor(tiny));
  return { loss, gradients: arraysOf(tiny.policy.state(), 'expAvg.') };
}

async function batchFor(tiny: Tiny): Promise<TrainBatch> {
  const { recipe, policy } = tiny;
  if (recipe.objective === 'rl') {
    const rollouts = withAdvantages(await rollOut(tiny), mixed);
    return {
      objective: 'rl',
      rollouts: recipe.algorithm.name === 'ppo' ? withValueTargets(rollouts) : rollouts,
    };
  }
  const { encodeExample } = policy.snapshot();
  const examples = (await requests(recipe.env, 7)).map((each, group) => ({
    ...encodeExample({ ...each, target: recipe.env.target!(each.task) }),
    group,
  }));
  return { objective: 'sft', examples };
}
