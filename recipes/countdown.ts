import { defineRecipe } from 'anneal';
import { countdown } from 'anneal/envs';
import { countdownReward, formatReward } from 'anneal/rewards';

/**
 * GRPO on Countdown. The environment generates the puzzles. The model is not bundled:
 *
 *   anneal run recipes/countdown.ts --model FOLDER
 *
 * A small model rarely solves a puzzle, and a group in which all completions score 0 gives no gradient. So parts of the
 * right form earn a small reward.
 */
export default defineRecipe({
  name: 'countdown',
  model: 'models/SmolLM2-135M-Instruct',
  env: countdown({ numbers: [3, 3], largest: 20, targets: [1, 100] }),
  rewards: [
    { reward: countdownReward(), weight: 1 },
    { reward: formatReward({ pattern: /<answer>[^<]+<\/answer>\s*$/, name: 'answer_last' }), weight: 0.2 },
    { reward: formatReward({ pattern: /<answer>/, name: 'answer_tag' }), weight: 0.1 },
    { reward: formatReward({ pattern: /\d\s*[-+*/]\s*\d/, name: 'calculation' }), weight: 0.1 },
  ],
  adapter: { rank: 16, alpha: 32 },
  sampling: { groupSize: 8, promptsPerStep: 4, maxNewTokens: 128, maxPromptLength: 256 },
  optimizer: { lr: 2e-4, microBatchSize: 4 },
  steps: 200,
  eval: { every: 50, tasks: 64, batchSize: 32 },
});
