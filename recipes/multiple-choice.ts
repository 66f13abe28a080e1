import { defineRecipe } from 'anneal';
import { multipleChoice } from 'anneal/envs';
import { captured, formatReward } from 'anneal/rewards';

/**
 * GRPO on questions with given choices, such as BoolQ or OpenBookQA. Neither model nor data is bundled:
 *
 *   anneal run recipes/multiple-choice.ts --model FOLDER --set env.path=FOLDER
 */
export default defineRecipe({
  name: 'multiple-choice',
  model: 'models/SmolLM2-135M-Instruct',
  env: multipleChoice(),
  rewards: [
    { reward: captured({ pattern: /answer is:? *\(?(\w+)/i }), weight: 1 },
    { reward: formatReward({ pattern: /^the correct answer is \w+\.?$/i, name: 'one_line' }), weight: 0.2 },
  ],
  adapter: { rank: 16, alpha: 32 },
  sampling: { groupSize: 8, promptsPerStep: 8, maxNewTokens: 16, maxPromptLength: 256 },
  optimizer: { lr: 2e-4, microBatchSize: 8 },
  steps: 200,
  eval: { every: 50, tasks: 150, batchSize: 32 },
});
