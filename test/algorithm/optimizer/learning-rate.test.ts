import { expect, test } from 'vitest';
import { learningRate, learningRateTypes } from '../../../src/algorithm/optimizer/learning-rate.ts';

test.each(learningRateTypes)('%s warms up from 0 to its peak', (type) => {
  const schedule = { type, lr: 0.1, warmupSteps: 4, totalSteps: 20, decaySteps: 5 };
  expect(learningRate(schedule, 0)).toBe(0);
  expect(learningRate(schedule, 2)).toBeCloseTo(0.05, 12);
  expect(learningRate(schedule, 4)).toBeCloseTo(0.1, 12);
});

test('without a warm-up the first step has the full rate', () => {
  expect(learningRate({ type: 'constant', lr: 0.3 }, 0)).toBe(0.3);
  expect(learningRate({ type: 'cosine', lr: 0.3, totalSteps: 10 }, 0)).toBe(0.3);
});
