import { describe, expect, test } from 'vitest';
import { observeTrend, pace, type Signals, startTrend } from '../../../src/adapter/anneal/adaptive.ts';
import { type ClockRules, type ClockState, startClock, tick } from '../../../src/adapter/anneal/clock.ts';
import { normal, randomStream } from '../../../src/random.ts';

/** The clock's time after every step, from 0 on. */
function times(rules: ClockRules, signalsAt: (step: number) => Signals = () => ({})): number[] {
  let state: ClockState = startClock;
  const seen = [state.time];
  for (let step = 1; step <= rules.steps; step++) {
    state = tick(state, step, rules, signalsAt(step));
    seen.push(state.time);
  }
  return seen;
}

const plain: ClockRules = { zeroStep: 6, steps: 10, stepsPerMove: 1 };
const adaptive = (slack: number, steps = 100): ClockRules => ({
  zeroStep: 60,
  steps,
  stepsPerMove: 1,
  adaptive: { signal: 'reward', slack },
});

describe('the clock of a plain schedule', () => {
  test('counts the steps', () => {
    expect(times(plain)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  });

  test('with several steps a move stands still in between, and moves after the last step of the run', () => {
    expect(times({ ...plain, stepsPerMove: 4 })).toEqual([0, 0, 0, 0, 4, 4, 4, 4, 8, 8, 10]);
  });
});

describe('the clock of an adaptive schedule', () => {
  const rising = (step: number) => ({ reward: step / 100 });
  const falling = (step: number) => ({ reward: -step / 100 });

  test('goes ahead of the steps while the reward rises, by no more than slack allows', () => {
    const seen = times(adaptive(0.5), rising);
    expect(seen[30]).toBeGreaterThan(35);
    const early = seen.findIndex((time) => time >= 60);
    expect(early).toBeGreaterThanOrEqual(30);
    expect(early).toBeLessThan(45);
  });

  test('stands still while the reward falls, then makes up for it in time', () => {
    const seen = times(adaptive(0.5), falling);
    // The first two steps tell no trend yet.
    expect(seen[20]).toBeLessThan(10);
    expect(seen[45]).toBeCloseTo(30, 9);
    expect(seen[60]).toBe(60);
  });

  test.each([0.1, 0.5, 0.9])(
    'never goes back and reaches the horizon, whatever the rewards, at slack %s',
    (slack) => {
      const stream = randomStream(7, `slack ${slack}`);
      for (let run = 0; run < 20; run++) {
        const rewards = Array.from({ length: 101 }, () =>
          stream.next() < 0.1 ? Number.NaN : 10 * stream.next() - 5,
        );
        const seen = times(adaptive(slack), (step) => ({ reward: rewards[step] }));
        for (let step = 1; step < seen.length; step++)
          expect(seen[step]).toBeGreaterThanOrEqual(seen[step - 1]!);
        expect(seen[60]).toBeGreaterThanOrEqual(60);
        expect(seen.findIndex((time) => time >= 60)).toBeGreaterThanOrEqual(Math.floor(60 * (1 - slack)));
      }
    },
  );

  test('goes at the linear pace when nothing is known or nothing changes', () => {
    const seen = times(adaptive(0.5));
    expect(seen.slice(0, 61)).toEqual(Array.from({ length: 61 }, (_, step) => step));
    expect(times(adaptive(0.5), () => ({ reward: 0.25 }))).toEqual(seen);
  });

  test('holds back when the gradient’s norm begins to swing, by its signal gradNormVariance', () => {
    const rules = { ...adaptive(0.5), adaptive: { signal: 'gradNormVariance', slack: 0.5 } } as const;
    const calm = (step: number) => ({ gradNorm: 1 + 0.01 * (step % 2) });
    const wild = (step: number) => ({ gradNorm: step < 10 ? calm(step).gradNorm : 1 + (step % 2) * step });
    expect(times(rules, wild)[25]).toBeLessThan(times(rules, calm)[25]! - 5);
  });
});

describe('the trend', () => {
  const observed = (values: readonly number[]) =>
    values.reduce((trend, reward) => observeTrend(trend, { reward }, 'reward'), startTrend);

  // Moving averages by hand: weights 1/3 (5 steps) and 2/21 (20 steps) of each new value.
  test('is the difference of two moving averages in units of the usual distance', () => {
    const { fast, slow, spread } = observed([0, 1, 0.5]).averages!;
    expect(fast).toBeCloseTo((1 / 3) * (2 / 3) + 0.5 / 3, 12);
    expect(slow).toBeCloseTo((2 / 21) * (19 / 21) + 0.5 * (2 / 21), 12);
    // Of two values the plain mean.
    expect(spread).toBeCloseTo((1 - 2 / 21 + (0.5 - slow)) / 2, 12);
  });

  test('sets a pace between standing still and twice the linear one, even about that', () => {
    const trend = (fast: number) => ({ averages: { fast, slow: 0, spread: 1, count: 9 }, gradNorm: null });
    const paces = (slack: number) => [-5, -1, -0.5, 0, 0.5, 1, 5].map((z) => pace(trend(z), slack));
    expect(paces(0.5)).toEqual([0, 0, 0.5, 1, 1.5, 2, 2]);
    expect(paces(0.75)).toEqual(paces(0.5));
    expect(paces(0.2)).toEqual([0.75, 0.75, 0.875, 1, 1.125, 1.25, 1.25]);
  });

  test('is not strong because little was seen, and noise alone neither hurries nor delays', () => {
    const random = randomStream(1, 'noise');
    const series = Array.from({ length: 400 }, () => Array.from({ length: 30 }, () => normal(random)));
    const paces = series.map((values) => values.map((_, n) => pace(observed(values.slice(0, n + 1)), 0.8)));
    const means = paces[0]!.map((_, n) => paces.reduce((sum, row) => sum + row[n]!, 0) / paces.length);
    for (const mean of means) expect(Math.abs(mean - 1)).toBeLessThan(0.1);
    const extreme = paces.filter((row) => row.slice(0, 6).some((value) => value === 0 || value === 2)).length;
    expect(extreme / paces.length).toBeLessThan(0.2);
  });

  test('passes over what is not a number', () => {
    const trend = observed([0.1, 0.4]);
    expect(observeTrend(trend, { reward: Number.NaN }, 'reward')).toEqual(trend);
    expect(observeTrend(trend, {}, 'reward')).toEqual(trend);
    expect(observeTrend(startTrend, { gradNorm: Number.POSITIVE_INFINITY }, 'gradNormVariance')).toEqual(
      startTrend,
    );
  });
});
