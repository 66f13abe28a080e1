import type { SampledLogprobs } from '../../src/algorithm/importance-correction.ts';
import type { Rows } from '../../src/algorithm/statistics/aggregation.ts';
import { rowSum } from '../../src/algorithm/statistics/aggregation.ts';
import { maskedMean } from '../../src/algorithm/statistics/masked-statistics.ts';
import { isWeightMetrics, offPolicyMetrics, type RolloutCorrectionOptions } from './verl-rollout-metrics.ts';

/**
 * verl's rollout correction: truncated importance weights π_old/π_sampler, [B][T], 0 outside the mask, with its
 * rollout_corr/* metrics. Differs from TRL's (`importanceWeights`) in having no lower bound, in normalising over the
 * batch on demand, and in log-ratios bounded by ±20.
 */
export function rolloutCorrection(
  logprobs: SampledLogprobs,
  options: RolloutCorrectionOptions,
): { readonly weights: Float32Array[]; readonly metrics: Record<string, number> } {
  const { mask } = logprobs;
  const logRatios = ratioRows(logprobs, options.level);
  const raw = logRatios.map((row, b) => Float32Array.from(row, (log, t) => bounded(log) * mask[b]![t]!));
  const truncated = raw.map((row) => row.map((weight) => Math.min(weight, options.threshold)));
  const metrics = {
    ...isWeightMetrics({ weights: raw, logRatios, mask }, options),
    ...offPolicyMetrics(logprobs),
  };
  if (!options.batchNormalize) return { weights: truncated, metrics };
  const mean = options.level === 'token' ? maskedMean(truncated, mask) : meanOfRows(truncated, mask);
  const factor = mean > 1e-8 ? mean : 1;
  return {
    weights: truncated.map((row) => row.map((weight) => weight / factor)),
    metrics: { ...metrics, 'rollout_corr/rollout_is_batch_norm_factor': factor },
  };
}

const bounded = (log: number) => Math.exp(Math.min(20, Math.max(-20, log)));

/** log π_old − log π_sampler of each token, or the row's sum at each token. */
function ratioRows({ old, sampling, mask }: SampledLogprobs, level: 'token' | 'sequence'): number[][] {
  return old.map((row, b) => {
    const logs = Array.from(row, (value, t) => (mask[b]![t] ? value - sampling[b]![t]! : 0));
    return level === 'token' ? logs : logs.map(() => rowSum(logs));
  });
}

/** Mean over rows with tokens of the row's mean. */
function meanOfRows(rows: Rows, mask: Rows): number {
  const means = rows.flatMap((row, b) => (rowSum(mask[b]!) > 0 ? [maskedMean([row], [mask[b]!])] : []));
  return means.reduce((sum, mean) => sum + mean, 0) / Math.max(1, means.length);
}
