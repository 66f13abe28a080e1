import { defineRecipe } from 'anneal';
import arithmetic from './arithmetic.ts';

/** recipes/arithmetic.ts by PPO: one completion a prompt, a value head, two passes of two shuffled minibatches over each batch. */
export default defineRecipe({
  ...arithmetic,
  name: 'arithmetic-ppo',
  algorithm: { name: 'ppo', numIterations: 2, stepsPerGeneration: 2, valueCoef: 0.1 },
  sampling: { groupSize: 1, promptsPerStep: 256, maxNewTokens: 24 },
  steps: 200,
});
