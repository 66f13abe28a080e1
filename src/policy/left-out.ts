/** Sizes of an optimiser batch: loss tokens and completions. */
export interface BatchSize {
  readonly tokens: number;
  readonly sequences: number;
}

/** Means over tokens, and over completions, of what is not 0 where the advantage is. */
const TOKEN_MEANS = ['entropy', 'approx_kl', 'actor/ppo_kl'];
const SEQUENCE_MEANS = ['vespo/phi_seq_mean'];

/**
 * Metrics of a batch of which groups without gradient were not forwarded. They clip nothing, so the least share clipped is
 * at most 0 and the greatest at least; what else they would have had nobody computed: means and extremes are those of the others.
 */
export function withLeftOut(
  metrics: Readonly<Record<string, number>>,
  { all, forwarded }: { readonly all: BatchSize; readonly forwarded: BatchSize },
): Record<string, number> {
  if (forwarded.sequences === all.sequences || forwarded.tokens === 0) return { ...metrics };
  const value = (name: string, of: number) => {
    if (/^clip_ratio.*_min$/.test(name)) return Number.isNaN(of) ? 0 : Math.min(of, 0);
    if (/^clip_ratio.*_max$/.test(name)) return Number.isNaN(of) ? 0 : Math.max(of, 0);
    if (TOKEN_MEANS.includes(name)) return (of * all.tokens) / forwarded.tokens;
    if (SEQUENCE_MEANS.includes(name)) return (of * all.sequences) / forwarded.sequences;
    return of;
  };
  return Object.fromEntries(Object.entries(metrics).map(([name, of]) => [name, value(name, of)]));
}
