import { advantagesBy } from '../../../src/pipeline/batch/estimate-advantages.ts';
import { parseRecipe, type RecipeInput } from '../../../src/recipe/recipe.ts';
import { regrouped } from '../../../src/rollout/groups.ts';
import type { FinishReason, ScoredRollout } from '../../../src/types.ts';
import { banditRecipe } from '../bandit.ts';

/** What the rollouts of one prompt have besides: one baseline, and rows of their own. */
interface Besides {
  readonly baseline?: number;
  readonly values?: readonly (readonly number[])[];
  readonly refLogprobs?: readonly (readonly number[])[];
}

/** The rollouts of one prompt by each completion's length and reward; a second reward function gives twice as much. */
export function rolloutsOfPrompt(
  completions: readonly (readonly [length: number, reward: number])[],
  { baseline, values, refLogprobs }: Besides = {},
  finishReason: FinishReason = 'eos',
): ScoredRollout[] {
  return completions.map(([length, reward], g) => ({
    group: 0,
    task: { id: 'x' },
    messages: [],
    promptIds: [],
    tokenIds: Array<number>(length).fill(1),
    logprobs: Array<number>(length).fill(-1),
    text: '',
    finishReason,
    beta: 0,
    policyVersion: 0,
    scores: [reward, 2 * reward],
    reward,
    ...(baseline !== undefined && { baseline }),
    ...(values && { values: values[g]! }),
    ...(refLogprobs && { refLogprobs: refLogprobs[g]! }),
  }));
}

const rewards = ['a', 'b'].map((name) => ({ name, weight: 1, timeout: 1, reward: () => [] }));

/** What a run with this algorithm makes of a batch, given as the rollouts of each of its prompts. */
export function advantages(
  algorithm: RecipeInput['algorithm'],
  prompts: readonly (readonly ScoredRollout[])[],
) {
  const estimate = advantagesBy(rewards, parseRecipe(banditRecipe({ algorithm })).algorithm);
  const { rollouts, kl, metrics } = estimate(regrouped(prompts), algorithm?.klCoef ?? 0);
  return {
    /** [B] */
    advantages: rollouts.map(({ advantage }) => advantage),
    /** [B][T] */
    tokenAdvantages: rollouts.map(({ tokenAdvantages }) => tokenAdvantages),
    valueTargets: rollouts.map(({ valueTargets }) => valueTargets),
    kl,
    metrics,
  };
}
