import type { Series } from './series.ts';

/** A series as the page carries it: numbers of 6 digits, and no extremes where a bucket is one step. */
export interface PackedSeries {
  readonly width: number;
  readonly mean: readonly (number | null)[];
  readonly count?: readonly number[];
  readonly low?: readonly (number | null)[];
  readonly high?: readonly (number | null)[];
}

export function packed({ width, mean, count, low, high }: Series): PackedSeries {
  if (width === 1) return { width, mean: mean.map(short) };
  return { width, mean: mean.map(short), count, low: low.map(short), high: high.map(short) };
}

export function unpacked({ width, mean, count, low, high }: PackedSeries): Series {
  return {
    width,
    mean: [...mean],
    count: count === undefined ? mean.map((value) => (value === null ? 0 : 1)) : [...count],
    low: [...(low ?? mean)],
    high: [...(high ?? mean)],
  };
}

const short = (value: number | null) => (value === null ? null : Number(value.toPrecision(6)));
