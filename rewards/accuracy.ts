import type { RewardBatch, RewardFunction } from '../src/types.ts';
import { named } from './batch/per-completion.ts';
import { defaultVerifyOptions, type VerifyOptions } from './math/verify.ts';
import { logOutcomes, mathOutcomes, scoreOf } from './math.ts';

/** What TRL's accuracy rewards accept: LaTeX in a box, or announced by 'answer', and no second try. */
const announced: VerifyOptions = {
  ...defaultVerifyOptions,
  targets: ['latex'],
  boxedMatchPriority: 0,
  tryExtractWithoutAnchor: false,
  extractionMode: 'first_match',
  lenient: false,
  repairs: false,
  allowSetRelationComp: false,
  gold: {
    targets: ['latex', 'expr'],
    boxedMatchPriority: 50,
    tryExtractWithoutAnchor: true,
    extractionMode: 'any_match',
    repairs: true,
  },
};

export interface AccuracyOptions {
  /** Field of the task that holds the gold answer. */
  readonly field?: string;
  readonly name?: string;
}

/**
 * 1 when the boxed or announced LaTeX answer is the task's, else 0; null where the gold answer can't be read.
 * Stricter than `mathReward` about how the answer is given (TRL's `accuracy_reward`).
 */
export function accuracy({ field = 'solution', name = 'accuracy' }: AccuracyOptions = {}): RewardFunction {
  return named(name, (batch) => accuracyScores(batch, { field, name, texts: batch.completions }));
}

export interface ReasoningAccuracyOptions extends AccuracyOptions {
  /** What ends the reasoning; the first of these that occurs counts, at its last place. */
  readonly delimiters?: readonly string[];
}

/**
 * `accuracy` of what follows the reasoning; 0 when the reasoning never ends (TRL's `reasoning_accuracy_reward`).
 */
export function reasoningAccuracy(options: ReasoningAccuracyOptions = {}): RewardFunction {
  const { field = 'solution', name = 'reasoning_accuracy', delimiters = ['</think>'] } = options;
  return named(name, async (batch) => {
    const finals = batch.completions.map((text) => afterReasoning(text, delimiters));
    const scores = await accuracyScores(batch, { field, name, texts: finals.map((text) => text ?? '') });
    return scores.map((score, i) => (finals[i] === undefined ? 0 : score));
  });
}

function afterReasoning(text: string, delimiters: readonly string[]): string | undefined {
  const delimiter = delimiters.find((candidate) => text.includes(candidate));
  return delimiter === undefined ? undefined : text.slice(text.lastIndexOf(delimiter) + delimiter.length);
}

/** Scores of texts that stand for the batch's completions. */
export async function accuracyScores(
  batch: RewardBatch,
  { field, name, texts }: { field: string; name: string; texts: readonly string[] },
): Promise<(number | null)[]> {
  const outcomes = await mathOutcomes(batch, { field, settings: announced, texts });
  logOutcomes(batch, name, outcomes);
  return outcomes.map(scoreOf);
}
