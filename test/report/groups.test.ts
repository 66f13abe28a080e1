import { describe, expect, test } from 'vitest';
import { configDifferences } from '../../src/report/config-differences.ts';
import { addMetrics, emptyCurves } from '../../src/report/curves.ts';
import { points, shortNumber } from '../../src/report/format.ts';
import { groupLines } from '../../src/report/group-lines.ts';
import { groupNames } from '../../src/report/name-groups.ts';

describe('groups of runs', () => {
  const recipe = (changes: object) => ({
    name: 'r',
    method: 'lora',
    model: 'm',
    seed: 1,
    optimizer: { lr: 1e-3 },
    runtime: { threads: 1 },
    ...changes,
  });

  test('are the runs that differ in the seed, or in what changes no number, alone', () => {
    expect(groupNames([recipe({}), recipe({ seed: 2 }), recipe({ runtime: { threads: 4 } })])).toEqual(
      Array(3).fill('lora'),
    );
  });

  test('are named by what tells them apart', () => {
    const rates = [recipe({}), recipe({ optimizer: { lr: 0.01 } }), recipe({ method: 'full' })];
    expect(groupNames(rates)).toEqual(['lora lr=0.001', 'lora lr=0.01', 'full']);
    expect(groupNames([recipe({}), recipe({ model: 'a/b' })])).toEqual(['lora m', 'lora b']);
    const dtypes = ['float32', 'q4'].map((baseDtype) => recipe({ runtime: { threads: 1, baseDtype } }));
    expect(groupNames(dtypes)).toEqual(['lora baseDtype=float32', 'lora baseDtype=q4']);
  });

  test('list the fields in which they differ, and a missing one', () => {
    expect(configDifferences([recipe({}), recipe({ seed: 2, optimizer: {} })])).toEqual([
      { path: 'seed', values: [1, 2] },
      { path: 'optimizer.lr', values: [0.001, undefined] },
    ]);
  });
});

describe('the lines of a chart', () => {
  const runOf = (steps: number, value: (step: number) => number) => {
    const curves = emptyCurves();
    for (let step = 0; step < steps; step++) addMetrics(curves, { step, beta: 0, x: value(step) });
    return { curves };
  };
  const group = (place: number, ...runs: ReturnType<typeof runOf>[]) => ({ name: `g${place}`, place, runs });

  test('are the mean over seeds, with a band from the lowest to the highest', () => {
    const three = group(0, ...[1, 2, 6].map((add) => runOf(5, (step) => step + add)));
    const { lines, x } = groupLines([three], 'x', true)!;
    expect(x).toEqual([0, 1, 2, 3, 4]);
    expect(lines).toEqual([
      expect.objectContaining({
        values: [3, 4, 5, 6, 7],
        low: [1, 2, 3, 4, 5],
        high: [6, 7, 8, 9, 10],
        runs: 3,
      }),
    ]);
  });

  test('of runs of unequal length go on with those that are there', () => {
    const { lines } = groupLines(
      [
        group(
          0,
          runOf(2, () => 1),
          runOf(3, () => 3),
        ),
      ],
      'x',
      false,
    )!;
    expect(lines[0]).toMatchObject({ values: [2, 2, 3], low: [1, 1, 3], high: [3, 3, 3] });
  });

  test('of long and short runs share the coarser steps', () => {
    const { lines, width, x } = groupLines(
      [
        group(
          0,
          runOf(2000, (s) => s),
        ),
        group(
          1,
          runOf(10, () => 7),
        ),
      ],
      'x',
      false,
    )!;
    expect(width).toBe(4);
    expect(x.slice(0, 2)).toEqual([1.5, 5.5]);
    expect(lines[0]!.values.slice(0, 2)).toEqual([1.5, 5.5]);
    expect(lines[0]!.low!.slice(0, 2)).toEqual([0, 4]);
    expect(lines[1]!.values.slice(0, 4)).toEqual([7, 7, 7, null]);
    expect(lines[1]!.values).toHaveLength(500);
  });

  test('of one short run keep the values behind their running mean', () => {
    const { lines, reach } = groupLines(
      [
        group(
          0,
          runOf(12, (step) => step % 2),
        ),
      ],
      'x',
      true,
    )!;
    expect(reach).toBe(2);
    expect(lines[0]!.raw).toEqual([0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1]);
    expect(lines[0]!.values[5]).toBeCloseTo(3 / 5, 12);
  });

  test('are none for a metric that no run has', () => {
    expect(
      groupLines(
        [
          group(
            0,
            runOf(3, () => 1),
          ),
        ],
        'y',
        true,
      ),
    ).toBeUndefined();
  });
});

test('numbers are short', () => {
  expect([0, 0.123456, 12.3456, 12345.6, 0.00001234, -2, Number.NaN].map(shortNumber)).toEqual([
    '0',
    '0.1235',
    '12.35',
    '12,346',
    '1.23e-5',
    '-2',
    '–',
  ]);
  expect([0.031, -0.0042, 0.0001].map(points)).toEqual(['+3.1', '−0.4', '0.0']);
});
