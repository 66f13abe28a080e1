/** Sizes of an optimiser batch: loss tokens and completions. */
export interface BatchSize {
  readonly tokens: number;
  readonly sequences: number;
}

/** The part of a batch that was forwarded. */
export interface Forwarded extends BatchSize {
  /** Rows beside the completions, which only fill up shapes. */
  readonly fillers: number;
  /** Each token has an advantage of its own. */
  readonly tokenAdvantages: boolean;
}

/** Means over tokens of something that an advantage of 0 does not make 0. */
const TOKEN_MEANS = ['entropy', 'approx_kl', 'actor/ppo_kl', 'policy/approxkl_avg', 'val/ratio'];
/** Means of a weight that is 1 for fillers: over completions, or over tokens where each has an advantage of its own. */
const WEIGHT_MEANS = ['vespo/phi_seq_mean'];

/**
 * Corrects a batch's metrics for groups that were not forwarded because they have no gradient. Their clipped share
 * counts as 0 in minima and maxima. Other metrics describe the forwarded groups only.
 */
export function countUnforwarded(
  metrics: Readonly<Record<string, number>>,
  { all, forwarded }: { readonly all: BatchSize; readonly forwarded: Forwarded },
): Record<string, number> {
  if (forwarded.tokens === 0) return { ...metrics };
  const leftOut = forwarded.sequences < all.sequences;
  const tokenMean = (of: number) => (of * all.tokens) / forwarded.tokens;
  const value = (name: string, of: number) => {
    if (leftOut && /^clip_ratio.*_min$/.test(name)) return Number.isNaN(of) ? 0 : Math.min(of, 0);
    if (leftOut && /^clip_ratio.*_max$/.test(name)) return Number.isNaN(of) ? 0 : Math.max(of, 0);
    if (TOKEN_MEANS.includes(name)) return leftOut ? tokenMean(of) : of;
    if (!WEIGHT_MEANS.includes(name)) return of;
    if (forwarded.tokenAdvantages) return tokenMean(of);
    return (of * all.sequences - forwarded.fillers) / forwarded.sequences;
  };
  return Object.fromEntries(Object.entries(metrics).map(([name, of]) => [name, value(name, of)]));
}
