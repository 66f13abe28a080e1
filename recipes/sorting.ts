import { defineRecipe } from 'anneal';
import sortingSft from './sorting-sft.ts';

/**
 * GRPO with AFA-LoRA on sorting, from the model that recipes/sorting-sft.ts trains. That one sorts some of the lists
 * and leaves the rest to reinforcement learning:
 *
 *   anneal run recipes/sorting-sft.ts --out runs/sorting-sft
 *   anneal run recipes/sorting.ts
 */
export default defineRecipe({
  ...sortingSft,
  name: 'sorting',
  model: 'runs/sorting-sft/merged',
  objective: 'rl',
  adapter: { ...sortingSft.adapter, rank: 8, alpha: 16 },
  // At temperature 1 a list of eight numbers is seldom right as a whole, and too few groups learn.
  sampling: { groupSize: 8, promptsPerStep: 16, maxNewTokens: 24, temperature: 0.7 },
  optimizer: { lr: 1e-3, lrSchedule: 'cosine', warmupSteps: 5, microBatchSize: 128 },
  steps: 300,
  eval: { every: 50, tasks: 500 },
  compare: {
    grid: {
      lora: { 'optimizer.lr': [1e-4, 3e-4, 1e-3, 3e-3] },
      'afa-lora': { 'optimizer.lr': [1e-4, 3e-4, 1e-3, 3e-3] },
      full: { 'optimizer.lr': [1e-5, 3e-5, 1e-4, 3e-4] },
    },
  },
});
