import { defineRecipe } from 'anneal';
import { sloppyArithmetic } from 'anneal/envs';
import { exactNumber } from 'anneal/rewards';

/**
 * Makes the embedded model (models/tiny): a Llama of 0.8 M parameters, trained from scratch. About half of its training
 * texts ignore the order of operations. The model learns the form of an answer well and the arithmetic in part, which
 * leaves something for reinforcement learning to improve. The run's `merged/` folder is the model.
 */
export default defineRecipe({
  name: 'pretrain-tiny',
  model: 'tiny',
  freshWeights: true,
  method: 'full',
  objective: 'sft',
  env: sloppyArithmetic(),
  rewards: [{ reward: exactNumber() }],
  sampling: { groupSize: 1, promptsPerStep: 128, maxNewTokens: 24 },
  optimizer: { lr: 3e-3, lrSchedule: 'cosine', warmupSteps: 50, microBatchSize: 128 },
  steps: 2000,
  seed: 1,
  eval: { every: 500, tasks: 500 },
  checkpoint: { every: 500 },
});
