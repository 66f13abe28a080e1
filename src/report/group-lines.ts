import type { Curves } from './curves.ts';
import { coarser, middleOf, type Series } from './series.ts';
import { smooth } from './smooth.ts';

type Values = readonly (number | null)[];

/** A line of a chart: a run, or the mean over the runs of a group. */
export interface Line {
  readonly name: string;
  /** Which of the page's groups it is: its colour. */
  readonly place: number;
  readonly values: Values;
  /** A band: the lowest and highest run of a group; of one run the extremes within a bucket. */
  readonly low?: Values;
  readonly high?: Values;
  /** What `values` smooths, of one run. */
  readonly raw?: Values;
  readonly runs: number;
}

export interface Lines {
  /** Steps, [N]; every list of a line has N values. */
  readonly x: readonly number[];
  readonly lines: readonly Line[];
  /** Steps that a point stands for. */
  readonly width: number;
  /** Points on each side that a running mean takes; 0 without one. */
  readonly reach: number;
}

/** Runs that are drawn as one line. */
export interface Group {
  readonly name: string;
  readonly place: number;
  readonly runs: readonly { readonly curves: Curves }[];
}

/** Fewer points than this are not smoothed. */
const FEW = 10;

/**
 * Makes the lines of a metric, one a group. Each run is smoothed first; then a group's line is the mean of its runs,
 * and its band goes from the lowest to the highest of them.
 */
export function groupLines(groups: readonly Group[], metric: string, smoothed: boolean): Lines | undefined {
  const found = groups
    .map((group) => ({ ...group, series: group.runs.flatMap((run) => run.curves.series.get(metric) ?? []) }))
    .filter(({ series }) => series.length > 0);
  if (found.length === 0) return undefined;
  const width = Math.max(...found.flatMap(({ series }) => series.map((s) => s.width)));
  const even = found.map((group) => ({ ...group, series: group.series.map((s) => coarser(s, width)) }));
  const length = Math.max(...even.flatMap(({ series }) => series.map((s) => s.mean.length)));
  // The last bucket may have fewer steps than the others.
  const last = Math.max(...found.flatMap(({ runs }) => runs.map((run) => run.curves.lastStep ?? 0)));
  const reach = smoothed && length >= FEW ? Math.max(2, Math.round(length / 40)) : 0;
  return {
    x: Array.from({ length }, (_, bucket) => Math.min(middleOf(bucket, width), last)),
    width,
    reach,
    lines: even.map(({ name, place, series }) => ({
      name,
      place,
      runs: series.length,
      ...(series.length === 1 ? ofOne(series[0]!, reach, length) : ofSeveral(series, reach, length)),
    })),
  };
}

function ofOne({ width, mean, low, high }: Series, reach: number, length: number) {
  const values = filled(reach > 0 ? smooth(mean, reach) : mean, length);
  const band = width > 1 ? { low: filled(low, length), high: filled(high, length) } : {};
  return { values, ...band, ...(reach > 0 && width === 1 && { raw: filled(mean, length) }) };
}

function ofSeveral(series: readonly Series[], reach: number, length: number) {
  const runs = series.map(({ mean }) => filled(reach > 0 ? smooth(mean, reach) : mean, length));
  const over = (take: (values: number[]) => number) =>
    Array.from({ length }, (_, i) => {
      const values = runs.flatMap((run) => run[i] ?? []);
      return values.length === 0 ? null : take(values);
    });
  return {
    values: over((values) => values.reduce((sum, value) => sum + value, 0) / values.length),
    low: over((values) => Math.min(...values)),
    high: over((values) => Math.max(...values)),
  };
}

const filled = (values: Values, length: number): Values =>
  values.length === length ? values : [...values, ...Array(length - values.length).fill(null)];
