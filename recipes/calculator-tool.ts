import { defineRecipe, type RewardFunction } from 'anneal';
import { calculator } from 'anneal/envs';
import { exactNumber, formatReward } from 'anneal/rewards';

/** Gives 1 if the calculator returned a number. `messages` holds the whole conversation. */
const usedCalculator: RewardFunction = ({ messages, prompts }) =>
  messages.map((conversation, i) =>
    conversation
      .slice(prompts[i]!.length)
      .some(({ role, content }) => role === 'tool' && /^[-\d]/.test(content))
      ? 1
      : 0,
  );

/**
 * GRPO on episodes of several turns: the model calls a calculator, reads its reply, and answers. The calculator's
 * tokens are in the text but not in the loss. The model is not bundled:
 *
 *   anneal run recipes/calculator-tool.ts --model FOLDER
 */
export default defineRecipe({
  name: 'calculator-tool',
  model: 'models/SmolLM2-135M-Instruct',
  env: calculator({ digits: 2 }),
  rewards: [
    { reward: exactNumber({ after: '####' }), weight: 1 },
    { reward: formatReward({ pattern: /^#### -?[\d.]+\s*$/, name: 'hash_line' }), weight: 0.1 },
    { reward: usedCalculator, weight: 0.2 },
  ],
  adapter: { rank: 16, alpha: 32 },
  // At a higher temperature a model of this size breaks the form of a call too often to earn rewards.
  sampling: {
    groupSize: 8,
    promptsPerStep: 4,
    temperature: 0.6,
    maxNewTokens: 32,
    maxPromptLength: 256,
    maxTurns: 4,
  },
  optimizer: { lr: 5e-5, microBatchSize: 8 },
  steps: 100,
  eval: { every: 25, tasks: 64, batchSize: 32 },
});
