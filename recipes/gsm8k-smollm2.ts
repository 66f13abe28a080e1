import { defineRecipe } from 'anneal';
import { gsm8k } from 'anneal/envs';
import { exactNumber, formatReward } from 'anneal/rewards';

/**
 * GRPO with AFA-LoRA on GSM8K. Neither model nor data is bundled:
 *
 *   anneal run recipes/gsm8k-smollm2.ts --model FOLDER --set env.path=FOLDER
 *
 * A small model rarely solves a problem, and a group in which all completions score 0 gives no gradient. So the form of
 * the answer earns a small reward.
 */
export default defineRecipe({
  name: 'gsm8k-smollm2',
  model: 'models/SmolLM2-135M-Instruct',
  env: gsm8k(),
  rewards: [
    { reward: exactNumber(), weight: 1 },
    { reward: formatReward({ pattern: /^#### *-?\$?[\d,.]+\.?\s*$/m, name: 'hash_line' }), weight: 0.2 },
    { reward: formatReward({ pattern: /#### /, name: 'hash' }), weight: 0.1 },
    { reward: formatReward({ pattern: /\d/, name: 'number_present' }), weight: 0.1 },
  ],
  adapter: { rank: 16, alpha: 32, targetModules: 'all-linear' },
  sampling: { groupSize: 8, promptsPerStep: 4, maxNewTokens: 128, maxPromptLength: 256 },
  optimizer: { lr: 2e-4, lrSchedule: 'constant', microBatchSize: 4 },
  steps: 200,
  eval: { every: 50, tasks: 64, batchSize: 32 },
  checkpoint: { every: 50 },
});
