import { expect, test } from 'vitest';
import { learningRate, schedules } from '../../../src/algorithm/optimizer/learning-rate.ts';
import { optimizer } from '../../../src/algorithm/optimizer/optimizer-settings.ts';

type Given = Parameters<typeof optimizer.parse>[0] & object;

const rate = (given: object, step: number) =>
  learningRate(optimizer.parse({ lr: 0.1, ...given } as Given), { step, steps: 20 });

/** What a schedule cannot do without. */
const required: Readonly<Record<string, object>> = {
  cosine_with_min_lr: { minLrRatio: 0.1 },
  warmup_stable_decay: { decaySteps: 5 },
};

test.each(Object.keys(schedules))('%s warms up from 0 to its peak', (lrSchedule) => {
  const given = { lrSchedule, warmupSteps: 4, ...required[lrSchedule] };
  expect(rate(given, 0)).toBe(0);
  expect(rate(given, 2)).toBeCloseTo(0.05, 12);
  expect(rate(given, 4)).toBeCloseTo(0.1, 12);
});

test('without a warm-up the first step has the full rate', () => {
  expect(rate({}, 0)).toBe(0.1);
  expect(rate({ lrSchedule: 'cosine' }, 0)).toBe(0.1);
});

test('with stableSteps the fall starts right after them', () => {
  const given = { lrSchedule: 'warmup_stable_decay', warmupSteps: 4, decaySteps: 5 };
  expect([10, 15, 16].map((step) => rate(given, step) < 0.1)).toEqual([false, false, true]);
  const early = { ...given, stableSteps: 3, minLrRatio: 0.1 };
  expect([7, 8].map((step) => rate(early, step) < 0.1)).toEqual([false, true]);
  expect(rate(early, 12)).toBeCloseTo(0.01, 12);
});
