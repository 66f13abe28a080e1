/** Completions as far as masks and metrics need them. */
export interface CompletionFacts {
  /** Tokens generated, the ending EOS included. */
  readonly lengths: readonly number[];
  /** Cut off by the token limit. */
  readonly truncated: readonly boolean[];
}

/** Whether a completion was cut off: its last id ends no text. */
export function isTruncated(ids: readonly number[], endIds: readonly number[]): boolean {
  return !endIds.includes(ids.at(-1) ?? -1);
}

/**
 * The loss mask: 1 for every generated token; with `maskTruncated` rows that were cut off are all 0
 * (DAPO's overlong filtering). They keep their place in reward and advantage.
 */
export function lossMask({ lengths, truncated }: CompletionFacts, maskTruncated: boolean): number[][] {
  return lengths.map((length, b) => new Array<number>(length).fill(maskTruncated && truncated[b] ? 0 : 1));
}

/** TRL's num_tokens: tokens seen by training so far, prompts and completions. */
export function tokensSeen(
  before: number,
  promptLengths: readonly number[],
  lengths: readonly number[],
): number {
  return [...promptLengths, ...lengths].reduce((sum, length) => sum + length, before);
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
