import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { gapClosure } from '../../../src/experiment/statistics/gap-closure.ts';
import { overTasks } from '../../../src/experiment/statistics/over-tasks.ts';
import { meanEstimate, verdict } from '../../../src/experiment/statistics/student-t.ts';

type Interval = readonly [number, number];

/** SciPy's numbers, by scipy_numbers.py beside this file. */
const scipy: {
  readonly means: { readonly values: number[]; readonly value: number; readonly interval: Interval }[];
  readonly gaps: {
    readonly lora: number[];
    readonly afaLora: number[];
    readonly full: number[];
    readonly value: number | null;
    readonly interval: Interval | null;
    readonly why: 'noise' | 'worse' | null;
  }[];
  readonly overTasks: { readonly values: number[]; readonly interval: Interval }[];
} = JSON.parse(readFileSync(new URL('./scipy.json', import.meta.url), 'utf8'));

const why = {
  noise: 'full does not beat LoRA by more than noise',
  worse: 'full is worse than LoRA',
};

test.each(scipy.means)('Student’s interval of $values is SciPy’s', ({ values, value, interval }) => {
  const estimate = meanEstimate(values);
  expect(estimate.value).toBeCloseTo(value, 12);
  for (const end of [0, 1]) expect(estimate.interval![end]).toBeCloseTo(interval[end]!, 12);
});

test.each(scipy.gaps)('gap closure of $lora, $afaLora and $full is SciPy’s', (paired) => {
  const found = gapClosure(paired);
  if (paired.why !== null) {
    expect(found).toEqual({ value: null, interval: null, why: why[paired.why] });
    return;
  }
  expect(found.value).toBeCloseTo(paired.value!, 10);
  for (const end of [0, 1]) expect(found.interval![end]).toBeCloseTo(paired.interval![end]!, 6);
});

test.each(scipy.overTasks)('the interval over tasks is near SciPy’s bootstrap', ({ values, interval }) => {
  const found = overTasks(values);
  for (const end of [0, 1]) expect(Math.abs(found[end]! - interval[end]!)).toBeLessThan(0.006);
  expect(overTasks(values)).toEqual(found);
});

describe('one seed', () => {
  test('has a mean and no interval, so nothing is called noise or better', () => {
    const estimate = meanEstimate([0.8]);
    expect(estimate).toEqual({ value: 0.8, interval: null, seeds: 1 });
    expect(verdict(estimate)).toBe('unknown');
  });
  test('has a gap closure without an interval where full is ahead', () => {
    const found = gapClosure({ lora: [0.5], afaLora: [0.6], full: [0.7] });
    expect(found).toMatchObject({ interval: null, why: 'one seed: no interval' });
    expect(found.value).toBeCloseTo(0.5, 12);
    expect(gapClosure({ lora: [0.5], afaLora: [0.6], full: [0.5] }).value).toBeNull();
  });
});

test('equal accuracies are noise, and a difference in every seed is not', () => {
  expect(verdict(meanEstimate([0, 0, 0]))).toBe('noise');
  expect(verdict(meanEstimate([0.1, 0.11, 0.09]))).toBe('better');
  expect(verdict(meanEstimate([-0.1, -0.11, -0.09]))).toBe('worse');
  expect(verdict(meanEstimate([0.1, -0.11, 0.09]))).toBe('noise');
});
