/**
 * A metric over the steps of a run, in at most `MOST_BUCKETS` buckets of equal width. A bucket holds the mean, the
 * smallest and the greatest of its values. Widths are powers of two and buckets begin at multiples of them, so that
 * two runs' buckets line up, and a series that grows step by step equals one that was made at once.
 */
export interface Series {
  /** Steps that a bucket covers; 1 until there are too many. */
  width: number;
  /** By bucket, from step 0; null where no step has a value. */
  mean: (number | null)[];
  /** Values in each bucket. */
  count: number[];
  low: (number | null)[];
  high: (number | null)[];
}

/** Twice the pixels of a chart would not show more. */
export const MOST_BUCKETS = 512;

export const emptySeries = (width = 1): Series => ({ width, mean: [], count: [], low: [], high: [] });

/** Adds a step's value in place. Steps may come in any order; values that are not finite are left out. */
export function addValue(series: Series, step: number, value: number): void {
  if (!Number.isFinite(value)) return;
  while (Math.floor(step / series.width) >= MOST_BUCKETS) halve(series);
  const bucket = Math.floor(step / series.width);
  for (let i = series.mean.length; i <= bucket; i++) setBucket(series, i, undefined);
  setBucket(
    series,
    bucket,
    joined(bucketAt(series, bucket), { mean: value, count: 1, low: value, high: value }),
  );
}

/** Returns a series with buckets of a greater width, which must be a power of two. */
export function coarser(series: Series, width: number): Series {
  if (width <= series.width) return series;
  const { mean, count, low, high } = series;
  const copy = { width: series.width, mean: [...mean], count: [...count], low: [...low], high: [...high] };
  while (copy.width < width) halve(copy);
  return copy;
}

/** Numbers in the series: what it costs in a page. */
export const sizeOf = (series: Series): number => series.mean.length * (series.width === 1 ? 1 : 4);

/** The step in the middle of a bucket. */
export const middleOf = (bucket: number, width: number): number => bucket * width + (width - 1) / 2;

interface Bucket {
  readonly mean: number;
  readonly count: number;
  readonly low: number;
  readonly high: number;
}

function bucketAt({ mean, count, low, high }: Series, i: number): Bucket | undefined {
  if (i >= mean.length || mean[i] === null) return undefined;
  return { mean: mean[i]!, count: count[i]!, low: low[i]!, high: high[i]! };
}

function setBucket(series: Series, i: number, bucket: Bucket | undefined): void {
  series.mean[i] = bucket?.mean ?? null;
  series.count[i] = bucket?.count ?? 0;
  series.low[i] = bucket?.low ?? null;
  series.high[i] = bucket?.high ?? null;
}

function joined(a: Bucket | undefined, b: Bucket | undefined): Bucket | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  const count = a.count + b.count;
  const mean = (a.mean * a.count + b.mean * b.count) / count;
  return { mean, count, low: Math.min(a.low, b.low), high: Math.max(a.high, b.high) };
}

/** Doubles the width, in place. */
function halve(series: Series): void {
  const half = Math.ceil(series.mean.length / 2);
  for (let i = 0; i < half; i++) {
    setBucket(series, i, joined(bucketAt(series, 2 * i), bucketAt(series, 2 * i + 1)));
  }
  for (const list of [series.mean, series.count, series.low, series.high]) list.length = half;
  series.width *= 2;
}
