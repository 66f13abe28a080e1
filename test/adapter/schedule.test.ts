import { describe, expect, test } from 'vitest';
import { betaSchedule, noAnnealing } from '../../src/adapter/schedule.ts';

const schedule = (fraction: number, steps: number) =>
  betaSchedule({ schedule: { kind: 'linear', fraction }, steps, layers: 3 });

describe('the linear schedule', () => {
  test('β is 1 before the first step, never rises, and is exactly 0 from zeroStep on', () => {
    const { betas, zeroStep } = schedule(0.3, 101);
    expect(zeroStep).toBe(31);
    expect(betas(0)).toEqual([1, 1, 1]);
    for (let step = 1; step <= 101; step++) expect(betas(step)[0]).toBeLessThanOrEqual(betas(step - 1)[0]!);
    expect(betas(30)[2]).toBeGreaterThan(0);
    expect(betas(31)).toEqual([0, 0, 0]);
    expect(betas(101)).toEqual([0, 0, 0]);
  });

  test('with fraction 1 the last trained β is 1/steps and β(steps) is 0', () => {
    const { betas, zeroStep } = schedule(1, 8);
    expect(zeroStep).toBe(8);
    expect(betas(7)[0]).toBeCloseTo(1 / 8, 12);
    expect(betas(8)[0]).toBe(0);
  });

  test('with fraction 0 β is 0 from the start', () => {
    const { betas, zeroStep } = schedule(0, 8);
    expect(zeroStep).toBe(0);
    expect(betas(0)).toEqual([0, 0, 0]);
  });
});

test('without annealing every β is 0 at every step', () => {
  const { betas, zeroStep } = noAnnealing(2);
  expect(zeroStep).toBe(0);
  expect([betas(0), betas(1000)]).toEqual([
    [0, 0],
    [0, 0],
  ]);
});
