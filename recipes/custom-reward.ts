import { defineRecipe, type RewardFunction } from 'anneal';
import { arithmetic } from 'anneal/envs';
import { exactNumber } from 'anneal/rewards';

/**
 * A reward is a function of the completions. This one gives 1 for the right number, and less for a number further off.
 */
const closeness: RewardFunction = ({ tasks, completions }) =>
  completions.map((text, i) => {
    const given = Number(text.split('=').at(-1));
    return Number.isNaN(given) ? 0 : 1 / (1 + Math.abs(given - Number(tasks[i]!.answer)));
  });

/**
 * GRPO on the embedded model with a custom reward. Evaluation measures accuracy by the first reward, so that one is
 * exact.
 */
export default defineRecipe({
  name: 'custom-reward',
  model: 'tiny',
  env: arithmetic({ kinds: ['a+b*c', 'a-b*c'] }),
  rewards: [{ reward: exactNumber(), weight: 0.5 }, { reward: closeness }],
  sampling: { groupSize: 8, promptsPerStep: 8, maxNewTokens: 24 },
  optimizer: { lr: 1e-3, warmupSteps: 5, microBatchSize: 64 },
  steps: 100,
  seed: 1,
  eval: { every: 50, tasks: 200 },
});
