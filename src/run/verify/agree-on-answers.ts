import type { EvalRow } from '../../evaluation/evaluate-greedy.ts';
import type { Policy } from '../../policy/policy.ts';
import { tokenBatch } from './token-batch.ts';

/** If the logits of the two best tokens are closer than this, rounding may decide between them. */
const NEAR_TIE = 1e-3;

export interface Agreement {
  readonly tasks: number;
  /** Number of answers that are equal token for token. */
  readonly equal: number;
  /** Number of answers that first differ at a near-tie of the two best tokens. */
  readonly nearTies: number;
  /** Ids of the tasks whose answers differ otherwise. */
  readonly different: readonly string[];
}

/** Greedy answers of two models to the same tasks. */
export interface Answers {
  readonly ours: readonly EvalRow[];
  readonly theirs: readonly EvalRow[];
  /** Token ids of a row's prompt, as the models saw it. */
  readonly promptIds: (row: number) => readonly number[];
}

/** Compares two models' greedy answers token by token. Where they differ, asks `policy` whether it is a near-tie. */
export async function agreeOnAnswers(
  policy: Pick<Policy, 'logits'>,
  { ours, theirs, promptIds }: Answers,
): Promise<Agreement> {
  const different: string[] = [];
  let equal = 0;
  for (const [i, our] of ours.entries()) {
    const their = theirs[i];
    const differsAt = their?.task === our.task ? firstDifference(our.tokenIds, their.tokenIds) : 0;
    if (differsAt === undefined) equal++;
    else {
      const gap = await topGap(policy, [...promptIds(i), ...our.tokenIds.slice(0, differsAt)]);
      if (their?.task !== our.task || gap >= NEAR_TIE) different.push(our.task);
    }
  }
  return { tasks: ours.length, equal, nearTies: ours.length - equal - different.length, different };
}

/** Index of the first token in which two answers differ; undefined when they are equal. */
function firstDifference(a: readonly number[], b: readonly number[]): number | undefined {
  const length = Math.max(a.length, b.length);
  for (let t = 0; t < length; t++) if (a[t] !== b[t]) return t;
  return undefined;
}

/** Difference between the two largest logits of the next token. */
async function topGap(policy: Pick<Policy, 'logits'>, ids: readonly number[]): Promise<number> {
  const { data: next } = await policy.logits(tokenBatch(ids, [ids.length - 1]));
  let [first, second] = [Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const logit of next) {
    if (logit > first) [first, second] = [logit, first];
    else if (logit > second) second = logit;
  }
  return first - second;
}
