import { defineRecipe } from 'anneal';
import { sorting } from 'anneal/envs';
import { captured } from 'anneal/rewards';

/**
 * Supervised training of the embedded model on sorting, which it was never taught. At rank 1 the adapter is small
 * enough for its capacity to bind, so that LoRA, AFA-LoRA and full fine-tuning (`--method`) differ.
 */
export default defineRecipe({
  name: 'sorting-sft',
  model: 'tiny',
  method: 'afa-lora',
  objective: 'sft',
  adapter: {
    rank: 1,
    alpha: 2,
    targetModules: 'all-linear',
    activation: 'silu',
    schedule: { fraction: 0.3 },
  },
  env: sorting(),
  rewards: [{ reward: captured({ pattern: /^(.*)$/ }) }],
  sampling: { groupSize: 1, promptsPerStep: 64, shuffle: true, maxNewTokens: 24 },
  optimizer: { lr: 1e-2, lrSchedule: 'cosine', warmupSteps: 10, microBatchSize: 64 },
  steps: 300,
  seed: 1,
  eval: { every: 100, tasks: 500 },
  compare: {
    grid: {
      lora: { 'optimizer.lr': [3e-3, 6e-3, 1e-2, 2e-2] },
      'afa-lora': { 'optimizer.lr': [3e-3, 6e-3, 1e-2, 2e-2] },
      full: { 'optimizer.lr': [3e-4, 1e-3, 3e-3, 1e-2] },
    },
  },
});
