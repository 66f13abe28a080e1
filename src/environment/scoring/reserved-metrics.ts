/** Names in metrics.jsonl that are anneal's own. */
const NAMES: ReadonlySet<string> = new Set([
  'step',
  'beta',
  'loss',
  'policy_loss',
  'reward',
  'reward_std',
  'frac_reward_zero_std',
  'kl',
  'kl_coef',
  'entropy',
  'entropy_coef',
  'grad_norm',
  'learning_rate',
  'skipped',
  'stopped_early',
  'compilations',
  'policy_version',
  'off_policy_steps',
  'num_tokens',
  'step_time',
  'tokens_per_second',
  'eval_accuracy',
  'eval_reward',
  'eval_loss',
  'eval_acceptance_length',
  'approx_kl',
  'ratio_min',
  'ratio_max',
  'anneal_kl',
  'anneal_kl_exceeded',
  'cispo_clip_ratio',
]);

/** What the names of anneal's other metrics begin with. */
const PREFIXES = [
  'actor/',
  'clip_ratio/',
  'completions/',
  'curriculum/',
  'draft/',
  'dynamic_sampling/',
  'loss/',
  'objective/',
  'policy/',
  'prompts/',
  'rewards/',
  'sampling/',
  'val/',
  'vespo/',
];

/** Whether a metric's name is anneal's own, so that a reward may not log by it. */
export const isReservedMetric = (name: string): boolean =>
  NAMES.has(name) || PREFIXES.some((prefix) => name.startsWith(prefix));
