import { resolve } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { blocking } from '../../src/model/attention/places.ts';
import type { TrainBatch } from '../../src/policy/batch/train-batch.ts';
import { parseRecipe } from '../../src/recipe/recipe.ts';
import { fixtures, nameOf, oneOfEachFamily, readGolden } from '../golden/golden-files.ts';
import { modelFolder } from './model-folder.ts';
import { greatestGap, mixed, recorded, rollOut, trainerLogprobs, withAdvantages } from './rollouts.ts';
import { arraysOf, openTinyRecipe, type RecipeOverrides, type Tiny, tinyRecipe } from './tiny-policy.ts';
import { requests } from './toy-environment.ts';

// Long texts attend in blocks. Here blocks are so small that short texts do.

const usual = { ...blocking };
afterEach(() => void Object.assign(blocking, usual));

/** Runs `body` with blocks of 8 tokens' queries from 9 keys on, or with none. */
async function inBlocks<T>(blocked: boolean, body: () => Promise<T>): Promise<T> {
  Object.assign(blocking, blocked ? { keys: 9, queries: 8 } : usual);
  return body();
}

const sampling = { groupSize: 3, promptsPerStep: 4, maxNewTokens: 16, temperature: 0.7 };
const eosTokenIds = [2, 3, 4, 5, 6, 7, 8, 9, 10, 11];
const families = [resolve(fixtures, 'models', 'llama-tied'), ...oneOfEachFamily];

describe.each(families.map((folder) => [nameOf(folder), folder] as const))('%s', (_, fixture) => {
  test('has the gradients of attention that holds all scores, recomputed or not, to rounding', async () => {
    const shared = { method: 'full', objective: 'sft', optimizer: { lr: 1e-3, packing: 24 } } as const;
    for (const overrides of [{}, shared] satisfies RecipeOverrides[]) {
      const whole = await inBlocks(false, () => gradients(fixture, overrides));
      const blocked = await inBlocks(true, () => gradients(fixture, overrides));
      for (const [name, gradient] of Object.entries(whole)) {
        const size = greatestGap(gradient, new Float32Array(gradient.length));
        expect(size, name).toBeGreaterThan(0);
        expect(greatestGap(blocked[name]!, gradient) / size, name).toBeLessThan(1e-4);
      }
      expect(blocked).not.toEqual(whole);
      const again = { ...overrides, runtime: { recompute: 'always' } } as const;
      expect(await inBlocks(true, () => gradients(fixture, again))).toEqual(blocked);
    }
  });

  test('the trainer finds the log-probs that the sampler recorded', async () => {
    await inBlocks(true, async () => {
      const tiny = await open(fixture, { method: 'afa-lora' });
      const rollouts = await rollOut(tiny);
      expect(
        Math.max(...rollouts.map(({ promptIds, tokenIds }) => promptIds.length + tokenIds.length)),
      ).toBeGreaterThan(16);
      expect(greatestGap(recorded(rollouts), await trainerLogprobs(tiny, rollouts))).toBeLessThan(1e-4);
    });
  });
});

function open(fixture: string, overrides: RecipeOverrides): Promise<Tiny> {
  const layers: number = readGolden(fixture, 'config.json').num_hidden_layers;
  const recipe = parseRecipe(
    tinyRecipe(modelFolder({ fixture, eosTokenIds }), {
      sampling,
      ...overrides,
      optimizer: { lr: 1e-3, maxGradNorm: 0, ...overrides.optimizer },
      runtime: { recompute: 'never', ...overrides.runtime },
    }),
  );
  const adapter = recipe.method !== 'full' && { trained: true, betas: () => Array<number>(layers).fill(0.5) };
  return openTinyRecipe(recipe, { ...adapter });
}

/** The first step's gradients, from one and the same state: after it the first moment is 0.1 times the gradient. */
async function gradients(fixture: string, overrides: RecipeOverrides) {
  const tiny = await open(fixture, overrides);
  await tiny.policy.update(await batchFor(tiny));
  return arraysOf(await tiny.policy.state(), 'expAvg.');
}

/** A batch of rollouts that does not depend on how the policy attends, or of examples. */
async function batchFor(tiny: Tiny): Promise<TrainBatch> {
  const { recipe, policy } = tiny;
  if (recipe.objective === 'rl') {
    const now = { ...blocking };
    Object.assign(blocking, usual);
    const rollouts = withAdvantages(await rollOut(tiny), mixed);
    Object.assign(blocking, now);
    return { objective: 'rl', rollouts };
  }
  const { encodeExample } = policy.snapshot();
  const examples = (await requests(recipe.env, 7)).map((each, group) => ({
    ...encodeExample({ ...each, target: recipe.env.target!(each.task) }),
    group,
  }));
  return { objective: 'sft', examples };
}
