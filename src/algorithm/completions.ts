import type { Rows } from './statistics/aggregation.ts';

/** Completions as far as masks and metrics need them. */
export interface CompletionFacts {
  /** Tokens that the policy generated, the ending EOS included. */
  readonly lengths: readonly number[];
  /** Cut off by the token limit. */
  readonly truncated: readonly boolean[];
  /**
   * 1 for the policy's own tokens where a completion also holds others (TRL's tool mask); all are its own otherwise.
   */
  readonly completionMask?: Rows | undefined;
}

/**
 * The loss mask: 1 for every token that the policy wrote, 0 for those that a tool or environment put in between; with
 * `maskTruncated` rows that were cut off are all 0 (DAPO's overlong filtering). They keep their place in reward and
 * advantage.
 */
export function lossMask(
  { lengths, truncated, completionMask }: CompletionFacts,
  maskTruncated: boolean,
): number[][] {
  return lengths.map((length, b) => {
    const own = completionMask?.[b] ?? new Array<number>(length).fill(1);
    return Array.from(own, (m) => (maskTruncated && truncated[b] ? 0 : m));
  });
}

/** TRL's completions/* metrics; lengths of terminated completions are 0 when all were cut off. */
export function completionMetrics({ lengths, truncated }: CompletionFacts): Record<string, number> {
  const ended = lengths.filter((_, b) => !truncated[b]);
  return {
    ...spread('length', lengths),
    'completions/clipped_ratio': (lengths.length - ended.length) / lengths.length,
    ...spread('terminated_length', ended.length > 0 ? ended : [0]),
  };
}

function spread(name: string, lengths: readonly number[]): Record<string, number> {
  return {
    [`completions/mean_${name}`]: lengths.reduce((sum, length) => sum + length, 0) / lengths.length,
    [`completions/min_${name}`]: Math.min(...lengths),
    [`completions/max_${name}`]: Math.max(...lengths),
  };
}
