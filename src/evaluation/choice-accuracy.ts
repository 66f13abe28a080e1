import { choicesOf, promptOf } from '../environment/ask-environment.ts';
import type { TextScorer } from '../rollout/text-scorer.ts';
import type { Choices, Estimate } from '../types.ts';
import type { ScoredTasks } from './held-out-loss.ts';
import { wilsonInterval } from './wilson.ts';

/** How likely a model finds the choices of every task, and how often the gold one most. */
export interface ChoiceAccuracy {
  /** Share of tasks whose gold choice has the greatest log-prob. */
  readonly acc: Estimate;
  /** The same with each log-prob divided by the number of characters of its choice. */
  readonly acc_norm: Estimate;
  /** Whether each task counts as right, by the name of the accuracy. */
  readonly right: Readonly<Record<'acc' | 'acc_norm', readonly boolean[]>>;
  /** Log-prob (nats) of each choice of each task. */
  readonly logprobs: readonly (readonly number[])[];
}

/**
 * Accuracy by likelihood, as lm-evaluation-harness defines `acc` and `acc_norm`: a choice's log-prob is the sum over
 * its tokens after the prompt, without the token that ends a turn; of equal ones the first counts as chosen.
 * https://github.com/EleutherAI/lm-evaluation-harness, `process_results` of `ConfigurableTask`.
 * @throws RunError as `choicesOf` does; InputError for choices longer with their prompt than the model has positions.
 */
export async function choiceAccuracy(
  scorer: TextScorer,
  { environment, tasks, batchSize, maxPromptLength, signal }: ScoredTasks,
): Promise<ChoiceAccuracy> {
  const choices = tasks.map((task) => choicesOf(environment, task));
  const requests = tasks.map((task, i) => ({
    task,
    messages: promptOf(environment, task),
    texts: choices[i]!.texts,
  }));
  const scored = await scorer.scoreTexts(requests, {
    maxPromptLength,
    ended: false,
    size: batchSize,
    signal,
  });
  const logprobs = scored.map((texts) => texts.map((tokens) => tokens.reduce((sum, each) => sum + each, 0)));
  const perCharacter = logprobs.map((row, i) => row.map((sum, c) => sum / [...choices[i]!.texts[c]!].length));
  const right = { acc: choosesGold(logprobs, choices), acc_norm: choosesGold(perCharacter, choices) };
  return { acc: share(right.acc), acc_norm: share(right.acc_norm), right, logprobs };
}

const choosesGold = (rows: readonly (readonly number[])[], choices: readonly Choices[]): boolean[] =>
  rows.map((row, i) => row.indexOf(Math.max(...row)) === choices[i]!.gold);

function share(right: readonly boolean[]): Estimate {
  const count = right.filter(Boolean).length;
  return { value: count / right.length, interval: wilsonInterval(count, right.length) };
}
