import { promptOf } from '../environment/ask-environment.ts';
import { targetIfAny } from '../environment/target-if-any.ts';
import type { TextScorer } from '../rollout/text-scorer.ts';
import type { Environment, Task } from '../types.ts';

/** Tasks whose given texts are scored. */
export interface ScoredTasks {
  readonly environment: Environment;
  readonly tasks: readonly Task[];
  /** Texts scored at a time. */
  readonly batchSize: number;
  readonly maxPromptLength: number;
  /** Aborting it ends the scoring, with its reason. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * The validation loss: −log p (nats) of a target's token given what stands before it, the mean over all tokens of all
 * targets, with the tokens that end them. It is what supervised fine-tuning minimises, with token-mean aggregation.
 * Undefined where no task has a target.
 * @throws InputError for a target without tokens, or longer with its prompt than the model has positions.
 */
export async function heldOutLoss(
  scorer: TextScorer,
  { environment, tasks, batchSize, maxPromptLength, signal }: ScoredTasks,
): Promise<number | undefined> {
  const requests = tasks.flatMap((task) => {
    const given = targetIfAny(environment, task);
    if ('lacks' in given) return [];
    return [{ task, messages: promptOf(environment, task), texts: [given.target] }];
  });
  const options = { maxPromptLength, ended: true, size: batchSize, signal };
  const logprobs = (await scorer.scoreTexts(requests, options)).flat(2);
  if (logprobs.length === 0) return undefined;
  return -logprobs.reduce((sum, logprob) => sum + logprob, 0) / logprobs.length;
}
