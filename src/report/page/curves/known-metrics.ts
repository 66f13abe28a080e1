/** A metric that has a chart of its own. */
export interface KnownMetric {
  readonly metric: string;
  readonly title: string;
  readonly note: string;
  /** The y axis covers at least this range. */
  readonly range?: readonly [number, number];
  /** Not smoothed, because it has no noise. */
  readonly exact?: true;
  /** Left out if it is 0 throughout: no annealing, nothing cut off. */
  readonly silent?: true;
}

/** Metrics to draw, in this order, if a run has them. */
const CURVES: readonly KnownMetric[] = [
  { metric: 'reward', title: 'Reward', note: 'weighted sum of the rewards, mean over the batch' },
  {
    metric: 'beta',
    title: 'β',
    note: 'annealing coefficient of the step; at 0 the adapter is linear',
    range: [0, 1],
    exact: true,
    silent: true,
  },
  {
    metric: 'anneal_kl',
    title: 'KL of the anneal',
    note: 'how far each move of β alone changes the policy, nats a token',
  },
  { metric: 'loss', title: 'Loss', note: 'of the optimiser batch' },
  {
    metric: 'draft/acceptance_rate',
    title: 'Acceptance rate',
    note: 'of the draft by its target, mean over the tokens',
    range: [0, 1],
  },
  { metric: 'grad_norm', title: 'Gradient norm', note: 'global, before clipping', range: [0, 0] },
  {
    metric: 'completions/mean_length',
    title: 'Completion length',
    note: 'tokens, mean over the batch',
    range: [0, 0],
  },
  {
    metric: 'completions/clipped_ratio',
    title: 'Cut off',
    note: 'share of completions that hit the token limit',
    range: [0, 1],
    silent: true,
  },
  { metric: 'kl', title: 'KL', note: 'to the reference policy, nats a token' },
  { metric: 'entropy', title: 'Entropy', note: 'of the policy, nats a token' },
  {
    metric: 'val/explained_variance',
    title: 'Explained variance',
    note: 'how well the value function predicts the returns; 1 is a perfect prediction',
  },
];

/** The metrics with charts of their own among those that were logged. */
export function mainMetrics(names: readonly string[]): readonly KnownMetric[] {
  const means = names.filter((name) => /^rewards\/.*\/mean$/.test(name));
  const rewards = (means.length > 1 ? means : []).map((metric) => ({
    metric,
    title: `Reward ${metric.slice('rewards/'.length, -'/mean'.length)}`,
    note: 'mean over the batch, unweighted',
  }));
  return [...CURVES.filter(({ metric }) => names.includes(metric)), ...rewards];
}

/** Further metrics that have no noise: counts and schedules, and what is measured now and then. */
export const isExact = (metric: string): boolean =>
  /^(num_tokens|policy_version|off_policy_steps|compilations|learning_rate|skipped|eval_.*)$/.test(metric);

/** `eval_accuracy` is in the chart of the accuracy. */
const NOT_DRAWN = new Set(['step', 'eval_accuracy']);

/** Every other metric, by name; those that rewards log are among them. */
export function furtherMetrics(names: readonly string[]): string[] {
  const main = new Set(mainMetrics(names).map(({ metric }) => metric));
  return names.filter((name) => !NOT_DRAWN.has(name) && !main.has(name)).sort();
}
