import { describe, expect, test } from 'vitest';
import { packedTexts } from '../../../src/policy/batch/micro-batches.ts';
import { textsOf } from '../../../src/policy/batch/train-rows.ts';
import { parseRecipe } from '../../../src/recipe/recipe.ts';
import type { Rollout } from '../../../src/types.ts';
import { letter, modelFolder } from '../model-folder.ts';
import { greatestGap, mixed, rollOut, withAdvantages, withValueTargets } from '../rollouts.ts';
import { openTinyRecipe, type RecipeOverrides, type Tiny, tinyRecipe } from '../tiny-policy.ts';
import { requests } from '../toy-environment.ts';

/** Texts of 1 to 24 tokens after prompts of several lengths. */
const model = modelFolder({ eosTokenIds: [2, 3, 4, 5, 6, 7, 8] });
const sampling = { groupSize: 4, promptsPerStep: 5, maxNewTokens: 24 };

/** Below the longest text alone, some texts, about half of the batch. */
const budgets = [8, 64, 300];

const open = (optimizer: NonNullable<RecipeOverrides['optimizer']>, overrides: RecipeOverrides = {}) =>
  openTinyRecipe(
    parseRecipe(
      tinyRecipe(model, { algorithm: { name: 'ppo', klCoef: 0.1 }, sampling, optimizer, ...overrides }),
    ),
    { trained: true, betas: () => [0.7, 0.3] },
  );

/** Everything that a policy measures about texts, row by row. */
async function measured({ policy, recipe }: Tiny, rollouts: readonly Rollout[]) {
  const state = policy.state();
  const head = state.arrays['trained.value_head.weight']!;
  const data = Float32Array.from(head.data, (_, i) => Math.cos(i));
  const arrays = { ...state.arrays, 'trained.value_head.weight': { ...head, data } };
  await policy.restore({ ...state, arrays });
  const asked = await requests(recipe.env, 3);
  // As many texts as there are prompts before, each of another length.
  const scored = asked.map((each, i) => ({
    ...each,
    texts: [letter(70).repeat(9), letter(71), letter(72).repeat(4)].slice(0, i + 1),
  }));
  const options = { maxPromptLength: 64, ended: true, size: 64 };
  return {
    logprobs: await policy.logprobs(rollouts),
    reference: await policy.referenceLogprobs(rollouts),
    values: await policy.snapshot().values(rollouts),
    texts: await policy.snapshot().scoreTexts(scored, options),
  };
}

describe('with a limit of tokens', () => {
  test.each(budgets)('of %i, measures are those of the whole batch, row by row', async (microBatchTokens) => {
    const whole = await open({ lr: 1e-2, microBatchSize: 64 });
    const rollouts = await rollOut(whole);
    expect(new Set(rollouts.map(({ tokenIds }) => tokenIds.length)).size).toBeGreaterThan(4);
    const expected = await measured(whole, rollouts);
    const cut = await measured(await open({ lr: 1e-2, microBatchTokens }), rollouts);
    for (const [name, rows] of Object.entries(cut)) {
      const others = expected[name as keyof typeof expected];
      expect(greatestGap(rows, others), name).toBeLessThan(1e-5);
      expect(new Set(others.flat(2)).size, name).toBeGreaterThan(5);
    }
  });

  test('rows are cut where they are unequal, and no micro-batch has more tokens', async () => {
    const tiny = await open({ lr: 1e-2, microBatchSize: 64 });
    const texts = textsOf(await rollOut(tiny));
    const batches = packedTexts(texts, { limits: { tokens: 64 } });
    expect(batches.length).toBeGreaterThan(3);
    for (const { packed, members } of batches) {
      const { prefixIds, ids } = packed;
      if (members.length > 1) expect(prefixIds.data.length + ids.data.length).toBeLessThanOrEqual(64);
      for (const [b, row] of members.entries()) {
        const { tokenIds } = texts[row]!;
        const start = b * packed.width;
        expect(Array.from(packed.targets.data.subarray(start, start + tokenIds.length))).toEqual(tokenIds);
      }
    }
    expect(batches.flatMap(({ members }) => members).sort((a, b) => a - b)).toEqual([...texts.keys()]);
  });

  test('an update with values, a KL term and anneal_kl is that of the whole batch', async () => {
    const step = async (optimizer: NonNullable<RecipeOverrides['optimizer']>) => {
      const recipe = { algorithm: { name: 'ppo', valueCoef: 1, klCoef: 0.1, klIn: 'loss' } } as const;
      const tiny = await openTinyRecipe(parseRecipe(tinyRecipe(model, { ...recipe, sampling, optimizer })), {
        trained: true,
      });
      const rolled = withValueTargets(withAdvantages(await rollOut(tiny), mixed));
      const refLogprobs = await tiny.policy.referenceLogprobs(rolled);
      const rollouts = rolled.map((rollout, b) => ({ ...rollout, refLogprobs: refLogprobs[b]! }));
      const { compilations: _, ...metrics } = await tiny.policy.update({ objective: 'rl', rollouts });
      return metrics;
    };
    const whole = await step({ lr: 1e-2, maxGradNorm: 0, microBatchSize: 64 });
    expect(whole.anneal_kl).toBeGreaterThan(1e-4);
    for (const microBatchTokens of budgets) {
      const cut = await step({ lr: 1e-2, maxGradNorm: 0, microBatchTokens });
      expect(Object.keys(cut)).toEqual(Object.keys(whole));
      for (const [name, value] of Object.entries(whole)) {
        const gap = Math.abs(cut[name as keyof typeof cut]! - value);
        expect(gap, name).toBeLessThan(1e-5 + 1e-4 * Math.abs(value));
      }
    }
  });
});
