import { describe, expect, test } from 'vitest';
import { parseRecipe } from '../../src/recipe/recipe.ts';
import type { Rollout } from '../../src/types.ts';
import { greatestGap, mixed, rollOut, withAdvantages, withReference } from './rollouts.ts';
import { openTiny, openTinyRecipe, type Tiny } from './tiny-policy.ts';

const sampling = { temperature: 0.7 };

/** Log-probs of the rollouts' tokens, [B][T], from the logits of the base model by itself. */
async function baseLogprobs({ recipe }: Tiny, rollouts: readonly Rollout[]): Promise<number[][]> {
  const { policy, config } = await openTinyRecipe(parseRecipe({ ...recipe, method: 'full', adapter: {} }));
  const score = async ({ promptIds, tokenIds }: Rollout) => {
    const ids = [...promptIds, ...tokenIds];
    const { data } = await policy.logits({ inputIds: [ids], attentionMask: [ids.map(() => 1)] });
    return tokenIds.map((token, t) => {
      const at = (promptIds.length + t - 1) * config.vocabSize;
      const scaled = Array.from(data.subarray(at, at + config.vocabSize), (z) => z / sampling.temperature);
      const peak = Math.max(...scaled);
      return scaled[token]! - peak - Math.log(scaled.reduce((sum, z) => sum + Math.exp(z - peak), 0));
    });
  };
  const rows: number[][] = [];
  for (const rollout of rollouts) rows.push(await score(rollout));
  return rows;
}

describe.each(['lora', 'afa-lora', 'full'] as const)('the reference policy of %s', (method) => {
  const recipe = { method, sampling, algorithm: { klCoef: 0.1 }, optimizer: { lr: 3e-3 } };

  test('is the base model, before training and after', async () => {
    const tiny = await openTiny({ recipe });
    const rolled = await rollOut(tiny);
    const first = await tiny.policy.referenceLogprobs(rolled);
    expect(greatestGap(first, await baseLogprobs(tiny, rolled))).toBeLessThan(1e-4);
    const rollouts = await withReference(tiny.policy, withAdvantages(rolled, mixed));
    await tiny.policy.update({ objective: 'rl', rollouts });
    expect(await tiny.policy.referenceLogprobs(rolled)).toEqual(first);
  });

  test('KL is 0 at step 0 and not after an update', async () => {
    const tiny = await openTiny({ recipe });
    const rollouts = await withReference(tiny.policy, withAdvantages(await rollOut(tiny), mixed));
    const first = await tiny.policy.update({ objective: 'rl', rollouts });
    expect(Math.abs(first.kl!)).toBeLessThan(1e-6);
    const second = await tiny.policy.update({ objective: 'rl', rollouts });
    expect(second.kl).toBeGreaterThan(1e-4);
  });

  test('KL by itself draws the policy back', async () => {
    const tiny = await openTiny({
      recipe: { ...recipe, algorithm: { klCoef: 1, klBiasCorrection: false } },
      betas: () => [0, 0],
    });
    const rollouts = await withReference(tiny.policy, withAdvantages(await rollOut(tiny), mixed));
    for (let step = 0; step < 4; step++) await tiny.policy.update({ objective: 'rl', rollouts });
    const still = rollouts.map((rollout) => ({ ...rollout, advantage: 0 }));
    const kls: number[] = [];
    for (let step = 0; step < 6; step++)
      kls.push((await tiny.policy.update({ objective: 'rl', rollouts: still })).kl!);
    expect(kls.at(-1)).toBeLessThan(kls[0]! / 2);
  });
});
