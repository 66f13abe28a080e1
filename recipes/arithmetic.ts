import { defineRecipe } from 'anneal';
import { arithmetic } from 'anneal/envs';
import { exactNumber } from 'anneal/rewards';

/** GRPO with AFA-LoRA on the embedded model: order of operations with one worked step. `npm start` runs this recipe. */
export default defineRecipe({
  name: 'arithmetic',
  model: 'tiny',
  method: 'afa-lora',
  adapter: {
    rank: 8,
    alpha: 16,
    targetModules: 'all-linear',
    activation: 'silu',
    schedule: { fraction: 0.3 },
  },
  env: arithmetic(),
  rewards: [{ reward: exactNumber() }],
  sampling: { groupSize: 8, promptsPerStep: 16, maxNewTokens: 24 },
  optimizer: { lr: 1e-3, warmupSteps: 5, microBatchSize: 128 },
  steps: 150,
  seed: 1,
  eval: { every: 50, tasks: 500 },
  compare: {
    grid: {
      lora: { 'optimizer.lr': [3e-4, 1e-3, 3e-3, 1e-2] },
      'afa-lora': { 'optimizer.lr': [3e-4, 1e-3, 3e-3, 1e-2] },
      full: { 'optimizer.lr': [1e-5, 3e-5, 1e-4, 3e-4] },
    },
  },
});
