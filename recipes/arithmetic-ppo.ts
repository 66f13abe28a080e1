import { defineRecipe } from 'anneal';
import arithmetic from './arithmetic.ts';

/**
 * recipes/arithmetic.ts with PPO: one completion for each prompt, and a value head. Each batch is used twice, in two
 * shuffled minibatches.
 */
export default defineRecipe({
  ...arithmetic,
  name: 'arithmetic-ppo',
  algorithm: { name: 'ppo', numIterations: 2, stepsPerGeneration: 2, valueCoef: 0.1 },
  sampling: { groupSize: 1, promptsPerStep: 256, maxNewTokens: 24 },
  steps: 200,
});
