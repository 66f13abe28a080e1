import type { SampledLogprobs } from '../../src/algorithm/importance-correction.ts';
import { k3Of } from '../../src/algorithm/kl/k3.ts';
import type { Rows } from '../../src/algorithm/statistics/aggregation.ts';
import { rowSum } from '../../src/algorithm/statistics/aggregation.ts';
import { maskedMean } from '../../src/algorithm/statistics/masked-statistics.ts';
import { nanStd } from '../../src/algorithm/statistics/nan-statistics.ts';

/** Settings of verl's rollout correction. */
export interface RolloutCorrectionOptions {
  /** One weight a token, or one a sequence (from the sum of its log-ratios). */
  readonly level: 'token' | 'sequence';
  /** Weights are truncated to at most this. */
  readonly threshold: number;
  /** Divide the truncated weights by their mean over the batch. */
  readonly batchNormalize: boolean;
}

interface WeightRows {
  /** Before truncation, 0 outside the mask. */
  readonly weights: Rows;
  readonly logRatios: Rows;
  readonly mask: Rows;
}

/** verl's rollout_corr/rollout_is_* : how the weights spread over tokens and over sequences. */
export function isWeightMetrics(rows: WeightRows, options: RolloutCorrectionOptions): Record<string, number> {
  const { weights, mask } = rows;
  const upper = options.threshold;
  const lower = 1 / upper;
  const tokens = weights.flatMap((row, b) => Array.from(row).filter((_, t) => mask[b]![t]));
  const clamped = tokens.map((weight) => Math.min(upper, Math.max(lower, weight)));
  const centre = mean(clamped);
  const squares = mean(clamped.map((weight) => weight ** 2));
  const perRow = weights.map((row, b) => maskedMean([row], [mask[b]!]));
  return prefixed({
    ...extremes(rows, tokens, options),
    rollout_is_mean: mean(tokens),
    rollout_is_std: tokens.length > 1 ? Math.sqrt(Math.max(0, squares - centre ** 2)) : 0,
    rollout_is_eff_sample_size: centre ** 2 / squares,
    rollout_is_seq_mean: mean(perRow),
    rollout_is_seq_std: perRow.length > 1 ? nanStd(perRow) : 0,
    rollout_is_seq_max: Math.max(...perRow),
    rollout_is_seq_min: Math.min(...perRow),
    rollout_is_seq_max_deviation: Math.max(...perRow.map((weight) => Math.abs(weight - 1))),
    rollout_is_seq_fraction_high: share(perRow, (weight) => weight > upper),
    rollout_is_seq_fraction_low: share(perRow, (weight) => weight < lower),
  });
}

/** Over tokens, or at sequence level over rows (of which verl counts the empty ones as weight 1). */
function extremes(
  { logRatios }: WeightRows,
  tokens: number[],
  { level, threshold }: RolloutCorrectionOptions,
) {
  const values = level === 'token' ? tokens : logRatios.map((row) => Math.exp(row[0]!));
  return {
    rollout_is_max: values.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY),
    rollout_is_min: values.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY),
    rollout_is_ratio_fraction_high: share(values, (weight) => weight > threshold),
    rollout_is_ratio_fraction_low: share(values, (weight) => weight < 1 / threshold),
  };
}

/** verl's measures of how far the trainer's policy is from the sampler's. */
export function offPolicyMetrics({ old, sampling, mask }: SampledLogprobs): Record<string, number> {
  const logRatios = old.map((row, b) => Array.from(row, (x, t) => (mask[b]![t] ? x - sampling[b]![t]! : 0)));
  const rowMean = (rows: Rows) => rows.map((row, b) => maskedMean([row], [mask[b]!]));
  const [training, rollout] = [rowMean(old), rowMean(sampling)];
  const gaps = rollout.map((value, b) => value - training[b]!);
  const bounded = (log: number) => Math.min(20, Math.max(-20, log));
  const overTokens = (of: (log: number) => number) =>
    maskedMean(
      logRatios.map((row) => row.map(of)),
      mask,
    );
  return prefixed({
    training_ppl: mean(training.map((value) => Math.exp(-value))),
    training_log_ppl: -mean(training),
    kl: overTokens((log) => -log),
    k3_kl: overTokens(k3Of),
    rollout_ppl: mean(rollout.map((value) => Math.exp(-value))),
    rollout_log_ppl: -mean(rollout),
    log_ppl_diff: mean(gaps),
    log_ppl_abs_diff: mean(gaps.map(Math.abs)),
    log_ppl_diff_max: Math.max(...gaps),
    log_ppl_diff_min: Math.min(...gaps),
    ppl_ratio: mean(gaps.map(Math.exp)),
    chi2_token: overTokens((log) => Math.exp(2 * bounded(log))) - 1,
    chi2_seq: mean(logRatios.map((row) => Math.exp(2 * bounded(rowSum(row))))) - 1,
  });
}

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
const share = (values: readonly number[], is: (value: number) => boolean) =>
  values.filter(is).length / values.length;
const prefixed = (metrics: Record<string, number>) =>
  Object.fromEntries(Object.entries(metrics).map(([name, value]) => [`rollout_corr/${name}`, value]));
