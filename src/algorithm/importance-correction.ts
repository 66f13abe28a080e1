import { z } from 'zod';
import { nonNegative, positive } from '../options/ranges.ts';
import type { Rows } from './statistics/aggregation.ts';

/**
 * Importance weights between the sampler and the trainer, w = π_old/π_sampler, for when the two compute log-probs
 * differently (truncated importance sampling, https://fengyao.notion.site/off-policy-rl).
 *   token_*     one weight a token; sequence_*  one a sequence, from the sum of its log-ratios
 *   *_truncate  clamps the weight to [min, max]; *_mask  sets it to 0 outside of them
 * Departures: none from TRL, whose `vllm_importance_sampling_*` this is. Tokens without a sampler log-prob (NaN) and
 * padding get weight 1.
 */
export const samplerCorrection = z.strictObject({
  mode: z
    .enum(['token_truncate', 'token_mask', 'sequence_truncate', 'sequence_mask'])
    .default('sequence_mask')
    .describe('one weight a token or a completion; clamped to the bounds, or 0 outside of them'),
  min: nonNegative.optional().describe('lower bound of a weight'),
  max: positive.default(3).describe('upper bound of a weight'),
});

export interface ImportanceOptions extends Pick<z.output<typeof samplerCorrection>, 'mode'> {
  readonly min?: number | undefined;
  readonly max?: number | undefined;
}

/**
 * The trainer's log-probs just before the batch's first step, and the sampler's of the same tokens as it recorded them,
 * [B][T].
 */
export interface SampledLogprobs {
  readonly old: Rows;
  /** May be shorter than `old`; NaN where the sampler has none. */
  readonly sampling: Rows;
  readonly mask: Rows;
}

/** Weights as rows of T (token modes) or of 1 (sequence modes), and TRL's sampling/* metrics. */
export function importanceWeights(
  logprobs: SampledLogprobs,
  options: ImportanceOptions,
): { readonly weights: Float32Array[]; readonly metrics: Record<string, number> } {
  const gaps = logRatios(logprobs);
  const known = gaps.flat().filter((gap) => !Number.isNaN(gap));
  const perSequence = options.mode.startsWith('sequence');
  const used: number[] = [];
  const weights = gaps.map((row, b) => {
    const logs = row.map((gap) => (Number.isNaN(gap) ? 0 : gap));
    const terms = perSequence ? [logs.reduce((sum, log) => sum + log, 0)] : logs;
    const bounds = Float32Array.from(terms, (log) => bounded(Math.exp(log), options));
    bounds.forEach((weight, t) => {
      if (perSequence || logprobs.mask[b]![t]) used.push(weight);
    });
    return bounds;
  });
  return { weights, metrics: { ...gapMetrics(known), ...weightMetrics(used) } };
}

/** log π_old − log π_sampler; NaN where masked or where the sampler has none. */
function logRatios({ old, sampling, mask }: SampledLogprobs): number[][] {
  return Array.from(old, (row, b) =>
    Array.from(row, (value, t) => (mask[b]![t] ? value - (sampling[b]![t] ?? Number.NaN) : Number.NaN)),
  );
}

function gapMetrics(gaps: readonly number[]): Record<string, number> {
  const sizes = gaps.map(Math.abs);
  return {
    'sampling/sampling_logp_difference/mean': mean(sizes),
    'sampling/sampling_logp_difference/max': sizes.reduce((a, b) => Math.max(a, b), 0),
  };
}

function weightMetrics(weights: readonly number[]): Record<string, number> {
  return {
    'sampling/importance_sampling_ratio/min':
      weights.length === 0 ? 0 : weights.reduce((a, b) => Math.min(a, b)),
    'sampling/importance_sampling_ratio/mean': mean(weights),
    'sampling/importance_sampling_ratio/max':
      weights.length === 0 ? 0 : weights.reduce((a, b) => Math.max(a, b)),
  };
}

function bounded(
  weight: number,
  { mode, min = 0, max = Number.POSITIVE_INFINITY }: ImportanceOptions,
): number {
  if (mode.endsWith('truncate')) return Math.min(Math.max(weight, min), max);
  return weight < min || weight > max ? 0 : weight;
}

const mean = (values: readonly number[]) =>
  values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length;
