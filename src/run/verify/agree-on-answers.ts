import type { EvalRow } from '../../evaluation/evaluate-greedy.ts';
import type { Policy } from '../../policy/policy.ts';
import { tokenBatch } from './token-batch.ts';

/** How near the two best tokens must be for a different choice to be a matter of rounding (logits). */
const NEAR_TIE = 1e-3;

export interface Agreement {
  readonly tasks: number;
  /** Answers equal token for token. */
  readonly equal: number;
  /** Answers that part where the two best tokens are within 1e-3. */
  readonly nearTies: number;
  /** Tasks whose answers part for no such reason. */
  readonly different: readonly string[];
}

/** Greedy answers of two models to the same tasks, and the prompt of each as the models saw it. */
export interface Answers {
  readonly ours: readonly EvalRow[];
  readonly theirs: readonly EvalRow[];
  readonly promptIds: (row: number) => readonly number[];
}

/** Compares two models' greedy answers token by token; `policy` tells how close a call was where they part. */
export async function agreeOnAnswers(
  policy: Pick<Policy, 'logits'>,
  { ours, theirs, promptIds }: Answers,
): Promise<Agreement> {
  const different: string[] = [];
  let equal = 0;
  for (const [i, our] of ours.entries()) {
    const their = theirs[i];
    const parted = their?.task === our.task ? partingOf(our.tokenIds, their.tokenIds) : 0;
    if (parted === undefined) equal++;
    else {
      const gap = await topGap(policy, [...promptIds(i), ...our.tokenIds.slice(0, parted)]);
      if (their?.task !== our.task || gap >= NEAR_TIE) different.push(our.task);
    }
  }
  return { tasks: ours.length, equal, nearTies: ours.length - equal - different.length, different };
}

/** Index of the first token in which two answers differ; undefined when they are equal. */
function partingOf(a: readonly number[], b: readonly number[]): number | undefined {
  const length = Math.max(a.length, b.length);
  for (let t = 0; t < length; t++) if (a[t] !== b[t]) return t;
  return undefined;
}

/** Distance between the two largest logits of the next token. */
async function topGap(policy: Pick<Policy, 'logits'>, ids: readonly number[]): Promise<number> {
  const { data, shape } = await policy.logits(tokenBatch([ids]));
  const next = data.subarray((ids.length - 1) * shape[2]!, ids.length * shape[2]!);
  let [first, second] = [Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const logit of next) {
    if (logit > first) [first, second] = [logit, first];
    else if (logit > second) second = logit;
  }
  return first - second;
}
