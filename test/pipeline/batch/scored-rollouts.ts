import { parseRecipe, type RecipeInput } from '../../../src/recipe/recipe.ts';
import type { ScoredGroup } from '../../../src/types.ts';
import { judgeBy } from '../../src/pipeline/judge.ts';
import { banditRecipe } from '../bandit.ts';

/** A group by each completion's length and reward; a second reward function gives twice as much. */
export function group(
  completions: readonly (readonly [length: number, reward: number])[],
  { baseline, ...more }: Partial<Pick<ScoredGroup, 'baseline' | 'values' | 'refLogprobs'>> = {},
  finishReason: 'eos' | 'length' = 'eos',
): ScoredGroup {
  return {
    task: { id: 'x' },
    messages: [],
    promptIds: [],
    rollouts: completions.map(([length]) => ({
      ...{ tokenIds: Array<number>(length).fill(1), logprobs: Array<number>(length).fill(-1), text: '' },
      ...{ finishReason, beta: 0, policyVersion: 0 },
    })),
    scores: [completions.map(([, reward]) => reward), completions.map(([, reward]) => 2 * reward)],
    rewards: completions.map(([, reward]) => reward),
    ...(baseline !== undefined && { baseline }),
    ...more,
  };
}

const rewards = ['a', 'b'].map((name) => ({ name, weight: 1, timeout: 1, reward: () => [] }));
/** What a run with this algorithm makes of groups. */
export const judge = (algorithm: RecipeInput['algorithm'], groups: readonly ScoredGroup[]) =>
  judgeBy(rewards, parseRecipe(banditRecipe({ algorithm })).algorithm)(groups, algorithm?.klCoef ?? 0);
