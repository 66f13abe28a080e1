import studentQuantile from '@stdlib/stats-base-dists-t-quantile';
import { mean, sampleStandardDeviation } from 'simple-statistics';

/** A mean with its 95 % interval; no interval for fewer than two values. */
export interface MeanEstimate {
  readonly value: number;
  readonly interval: [number, number] | null;
  readonly seeds: number;
}

/** The factor of a two-sided 95 % interval with n − 1 degrees of freedom. */
export const studentFactor = (n: number): number => studentQuantile(0.975, n - 1);

/** Mean of n independent values with Student's 95 % interval: mean ± t(0.975, n − 1) · s / √n. */
export function meanEstimate(values: readonly number[]): MeanEstimate {
  const n = values.length;
  const value = mean([...values]);
  if (n < 2) return { value, interval: null, seeds: n };
  const half = (studentFactor(n) * sampleStandardDeviation([...values])) / Math.sqrt(n);
  return { value, interval: [value - half, value + half], seeds: n };
}

/** What an interval of a difference allows to say. */
export function verdict({ value, interval }: MeanEstimate): 'better' | 'worse' | 'noise' | 'unknown' {
  if (interval === null) return 'unknown';
  if (interval[0] <= 0 && interval[1] >= 0) return 'noise';
  return value > 0 ? 'better' : 'worse';
}
