import { mean, sampleCovariance, sampleVariance } from 'simple-statistics';
import { meanEstimate, studentFactor } from './student-t.ts';

/** The share of the gap between LoRA and full fine-tuning that AFA-LoRA closes. */
export interface GapClosure {
  /** null where it is not defined. */
  readonly value: number | null;
  readonly interval: [number, number] | null;
  /** Why it is not defined, or has no interval. */
  readonly why: string | null;
}

/** Accuracies by seed: the same seeds in the same order for each method. */
export interface PairedAccuracies {
  readonly lora: readonly number[];
  readonly afaLora: readonly number[];
  readonly full: readonly number[];
}

/**
 * Gap closure g = (AFA − LoRA) / (Full − LoRA) of the means over seeds (https://arxiv.org/abs/2512.22455), with Fieller's
 * 95 % interval for a ratio of two means that vary together (Fieller 1954): with N = AFA − LoRA and D = Full − LoRA by
 * seed, it holds every g with (N̄ − g·D̄)² ≤ t² · (s_NN − 2g·s_ND + g²·s_DD) / n, t = t(0.975, n − 1).
 *
 * Not defined where the interval of D̄ contains 0: there the set has no end, and the ratio means nothing.
 */
export function gapClosure({ lora, afaLora, full }: PairedAccuracies): GapClosure {
  const [numerators, denominators] = [minus(afaLora, lora), minus(full, lora)];
  const gap = meanEstimate(denominators);
  const value = mean(numerators) / gap.value;
  if (gap.interval === null) {
    return gap.value > 0
      ? { value, interval: null, why: 'one seed: no interval' }
      : undefinedFor('full does not beat LoRA with the one seed');
  }
  if (gap.interval[0] <= 0 && gap.interval[1] >= 0)
    return undefinedFor('full does not beat LoRA by more than noise');
  if (gap.value < 0) return undefinedFor('full is worse than LoRA');
  return { value, interval: fieller(numerators, denominators), why: null };
}

const undefinedFor = (why: string): GapClosure => ({ value: null, interval: null, why });

const minus = (a: readonly number[], b: readonly number[]): number[] => a.map((value, i) => value - b[i]!);

/** The roots of a·g² − 2b·g + c, where a > 0 because the denominator's interval does not contain 0. */
function fieller(numerators: number[], denominators: number[]): [number, number] {
  const n = numerators.length;
  const scale = studentFactor(n) ** 2 / n;
  const [top, bottom] = [mean(numerators), mean(denominators)];
  const a = bottom ** 2 - scale * sampleVariance(denominators);
  const b = top * bottom - scale * sampleCovariance(numerators, denominators);
  const c = top ** 2 - scale * sampleVariance(numerators);
  const root = Math.sqrt(Math.max(0, b ** 2 - a * c));
  return [(b - root) / a, (b + root) / a];
}
