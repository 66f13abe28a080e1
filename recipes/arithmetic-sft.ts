import { defineRecipe } from 'anneal';
import { arithmetic } from 'anneal/envs';
import { exactNumber } from 'anneal/rewards';

/**
 * Supervised training of the embedded model on arithmetic's worked answers. The adapter is the smallest: rank 1, on
 * the attention's projections alone, so that its capacity tells it from full fine-tuning (`--method full`).
 */
export default defineRecipe({
  name: 'arithmetic-sft',
  model: 'tiny',
  method: 'afa-lora',
  objective: 'sft',
  adapter: {
    rank: 1,
    alpha: 2,
    targetModules: ['q_proj', 'k_proj', 'v_proj', 'o_proj'],
    activation: 'silu',
    schedule: { fraction: 0.3 },
  },
  env: arithmetic(),
  rewards: [{ reward: exactNumber() }],
  sampling: { groupSize: 1, promptsPerStep: 64, shuffle: true, maxNewTokens: 24 },
  optimizer: { lr: 3e-3, lrSchedule: 'cosine', warmupSteps: 10, microBatchSize: 64 },
  steps: 300,
  seed: 1,
  eval: { every: 100, tasks: 500 },
  compare: {
    grid: {
      lora: { 'optimizer.lr': [3e-3, 1e-2, 3e-2, 1e-1] },
      'afa-lora': { 'optimizer.lr': [3e-3, 1e-2, 3e-2, 1e-1] },
      full: { 'optimizer.lr': [1e-4, 3e-4, 1e-3, 3e-3] },
    },
  },
});
