/** Sizes of an optimiser batch: loss tokens and completions. */
export interface BatchSize {
  readonly tokens: number;
  readonly sequences: number;
}

/** What of a batch was forwarded. */
export interface Forwarded extends BatchSize {
  /** Rows beside the completions, which only fill up shapes. */
  readonly fillers: number;
  /** Each token has an advantage of its own. */
  readonly tokenAdvantages: boolean;
}

/** Means over tokens of what is not 0 where the advantage is. */
const TOKEN_MEANS = ['entropy', 'approx_kl', 'actor/ppo_kl', 'policy/approxkl_avg', 'val/ratio'];
/** Means over completions, or over tokens where those have advantages of their own, of a weight that is 1 for fillers. */
const WEIGHT_MEANS = ['vespo/phi_seq_mean'];

/**
 * Metrics of a batch of which groups without gradient may not have been forwarded. They clip nothing, so the least share clipped is
 * at most 0 and the greatest at least; what else they would have had nobody computed: means and extremes are those of the others.
 */
export function withLeftOut(
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
