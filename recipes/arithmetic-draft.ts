import { defineRecipe } from 'anneal';
import { arithmetic } from 'anneal/envs';
import { exactNumber } from 'anneal/rewards';

/**
 * A draft for speculative decoding of the embedded model: the model's own first two layers with an AFA-LoRA adapter on it,
 * trained to write what the whole model writes.
 */
export default defineRecipe({
  name: 'arithmetic-draft',
  model: 'tiny',
  method: 'afa-lora',
  objective: 'draft',
  draft: { layers: 2, loss: 'forward' },
  adapter: {
    rank: 8,
    alpha: 16,
    targetModules: 'all-linear',
    activation: 'silu',
    schedule: { fraction: 0.3 },
  },
  env: arithmetic(),
  rewards: [{ reward: exactNumber() }],
  sampling: { groupSize: 2, promptsPerStep: 32, maxNewTokens: 24 },
  optimizer: { lr: 1e-2, lrSchedule: 'cosine', warmupSteps: 10, microBatchSize: 64 },
  steps: 200,
  seed: 1,
  eval: { every: 100, tasks: 500 },
  compare: {
    grid: {
      lora: { 'optimizer.lr': [1e-3, 3e-3, 1e-2, 3e-2] },
      'afa-lora': { 'optimizer.lr': [1e-3, 3e-3, 1e-2, 3e-2] },
      full: { 'optimizer.lr': [3e-4, 1e-3, 3e-3, 1e-2] },
    },
  },
});
