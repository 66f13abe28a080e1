import { describe, expect, test } from 'vitest';
import type { TrainGroup } from '../../src/policy/policy.ts';
import { parseRecipe } from '../../src/recipe/recipe.ts';
import type { Group } from '../../src/types.ts';
import { greatestGap, mixed, rollOut, withAdvantages } from './rollouts.ts';
import { openTiny, openTinyRecipe, type Tiny } from './tiny-policy.ts';

const sampling = { temperature: 0.7 };

/** Log-probs of the rollouts' tokens, [groups][G][T], from the logits of the base model by itself. */
async function baseLogprobs({ recipe }: Tiny, groups: readonly Group[]): Promise<number[][][]> {
  const { policy, config } = await openTinyRecipe(parseRecipe({ ...recipe, method: 'full' }));
  const score = async (prompt: readonly number[], tokens: readonly number[]) => {
    const ids = [...prompt, ...tokens];
    const { data } = await policy.logits({ inputIds: [ids], attentionMask: [ids.map(() => 1)] });
    return tokens.map((token, t) => {
      const at = (prompt.length + t - 1) * config.vocabSize;
      const scaled = Array.from(data.subarray(at, at + config.vocabSize), (z) => z / sampling.temperature);
      const peak = Math.max(...scaled);
      return scaled[token]! - peak - Math.log(scaled.reduce((sum, z) => sum + Math.exp(z - peak), 0));
    });
  };
  const out: number[][][] = [];
  for (const { promptIds, rollouts } of groups) {
    const rows: number[][] = [];
    for (const { tokenIds } of rollouts) rows.push(await score(promptIds, tokenIds));
    out.push(rows);
  }
  return out;
}

async function withReference({ policy }: Tiny, groups: readonly TrainGroup[]): Promise<TrainGroup[]> {
  const reference = await policy.referenceLogprobs(groups);
  return groups.map((group, p) => ({ ...group, refLogprobs: reference[p]! }));
}

describe.each(['lora', 'afa-lora', 'full'] as const)('the reference policy of %s', (method) => {
  const recipe = { method, sampling, algorithm: { klCoef: 0.1 }, optimizer: { lr: 3e-3 } };

  test('is the base model, before training and after', async () => {
    const tiny = await openTiny({ recipe });
    const groups = await rollOut(tiny);
    const first = await tiny.policy.referenceLogprobs(groups);
    expect(greatestGap(first, await baseLogprobs(tiny, groups))).toBeLessThan(1e-4);
    const batch = await withReference(tiny, withAdvantages(groups, mixed));
    await tiny.policy.update({ objective: 'rl', groups: batch });
    expect(await tiny.policy.referenceLogprobs(groups)).toEqual(first);
  });

  test('KL is 0 at step 0 and not after an update', async () => {
    const tiny = await openTiny({ recipe });
    const groups = await withReference(tiny, withAdvantages(await rollOut(tiny), mixed));
    const first = await tiny.policy.update({ objective: 'rl', groups });
    expect(Math.abs(first.kl!)).toBeLessThan(1e-6);
    const second = await tiny.policy.update({ objective: 'rl', groups });
    expect(second.kl).toBeGreaterThan(1e-4);
  });

  test('KL by itself draws the policy back', async () => {
    const tiny = await openTiny({
      recipe: { ...recipe, algorithm: { klCoef: 1, klBiasCorrection: false } },
      betas: () => [0, 0],
    });
    const groups = await withReference(tiny, withAdvantages(await rollOut(tiny), mixed));
    for (let step = 0; step < 4; step++) await tiny.policy.update({ objective: 'rl', groups });
    const still = groups.map((group) => ({ ...group, advantages: group.advantages.map(() => 0) }));
    const kls: number[] = [];
    for (let step = 0; step < 6; step++)
      kls.push((await tiny.policy.update({ objective: 'rl', groups: still })).kl!);
    expect(kls.at(-1)).toBeLessThan(kls[0]! / 2);
  });
});
