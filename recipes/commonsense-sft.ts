import { defineRecipe } from 'anneal';
import { multipleChoice } from 'anneal/envs';
import { captured } from 'anneal/rewards';

/**
 * Supervised fine-tuning on questions with given choices, such as BoolQ or OpenBookQA as LLM-Adapters prepared them.
 * Neither model nor data is bundled:
 *
 *   anneal run recipes/commonsense-sft.ts --model FOLDER --set env.path=FOLDER
 *
 * Accuracy goes by the likelihood of the choices; `--set eval.accuracy=generation` goes by greedy answers.
 */
export default defineRecipe({
  name: 'commonsense-sft',
  model: 'models/SmolLM2-135M-Instruct',
  objective: 'sft',
  env: multipleChoice(),
  rewards: [{ reward: captured({ pattern: /answer is:? *\(?(\w+)/i }) }],
  adapter: { rank: 16, alpha: 32 },
  sampling: { promptsPerStep: 16, maxNewTokens: 16, maxPromptLength: 256 },
  optimizer: { lr: 5e-4, lrSchedule: 'cosine', warmupSteps: 10, microBatchSize: 16, packing: 128 },
  steps: 200,
  eval: { every: 50, tasks: 150, batchSize: 32, accuracy: 'acc_norm' },
});
