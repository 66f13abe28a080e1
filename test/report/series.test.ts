import { describe, expect, test } from 'vitest';
import { packed, unpacked } from '../../src/report/packed-series.ts';
import { addValue, coarser, emptySeries, MOST_BUCKETS, middleOf } from '../../src/report/series.ts';
import { smooth } from '../../src/report/smooth.ts';

const noise = (step: number) => Math.sin(step * step) * 3 + step / 1000;

function seriesOf(steps: number, value = noise) {
  const series = emptySeries();
  for (let step = 0; step < steps; step++) addValue(series, step, value(step));
  return series;
}

describe('a series', () => {
  test('holds every value while there are few', () => {
    const { width, mean, low, high } = seriesOf(MOST_BUCKETS);
    const all = Array.from({ length: MOST_BUCKETS }, (_, step) => noise(step));
    expect({ width, mean, low, high }).toEqual({ width: 1, mean: all, low: all, high: all });
  });

  test('of many steps has the mean and the extremes of each bucket, as computed at once', () => {
    const series = seriesOf(10_000);
    expect(series.width).toBe(32);
    expect(series.mean).toHaveLength(Math.ceil(10_000 / 32));
    for (const bucket of [0, 7, 311, 312]) {
      const own = Array.from({ length: 10_000 }, (_, step) => noise(step)).slice(
        32 * bucket,
        32 * bucket + 32,
      );
      expect(series.mean[bucket]).toBeCloseTo(own.reduce((a, b) => a + b, 0) / own.length, 10);
      expect(series.low[bucket]).toBe(Math.min(...own));
      expect(series.high[bucket]).toBe(Math.max(...own));
      expect(series.count[bucket]).toBe(own.length);
    }
    expect(middleOf(7, 32)).toBe(7 * 32 + 15.5);
  });

  test('never grows beyond its bound', () => {
    expect(seriesOf(300_000).mean.length).toBeLessThanOrEqual(MOST_BUCKETS);
  });

  test('made coarser equals one that was made coarse', () => {
    const [fine, coarse] = [coarser(seriesOf(500), 8), emptySeries(8)];
    for (let step = 0; step < 500; step++) addValue(coarse, step, noise(step));
    expect(fine.low).toEqual(coarse.low);
    expect(fine.count).toEqual(coarse.count);
    for (const [i, mean] of fine.mean.entries()) expect(mean).toBeCloseTo(coarse.mean[i]!, 10);
  });

  test('keeps gaps, and leaves out what is not finite', () => {
    const series = emptySeries();
    addValue(series, 3, 5);
    addValue(series, 4, Number.NaN);
    expect(series.mean).toEqual([null, null, null, 5]);
    expect(coarser(series, 2).mean).toEqual([null, 5]);
  });

  test('survives packing to 6 digits', () => {
    for (const steps of [100, 2000]) {
      const series = seriesOf(steps);
      const again = unpacked(JSON.parse(JSON.stringify(packed(series))));
      expect(again.count).toEqual(series.count);
      for (const [i, value] of series.high.entries()) expect(again.high[i]).toBeCloseTo(value!, 4);
    }
  });
});

test('smoothing takes the mean of neighbours, fewer at the ends, none in gaps', () => {
  expect(smooth([1, 2, 6, 3], 1)).toEqual([1.5, 3, 11 / 3, 4.5]);
  expect(smooth([1, null, 3], 1)).toEqual([1, null, 3]);
});
