import { describe, expect, test } from 'vitest';
import { betaSchedule, noAnnealing } from '../../../src/adapter/anneal/beta-schedule.ts';
import { InputError } from '../../../src/errors.ts';
import { parseRecipe, type RecipeInput } from '../../../src/recipe/recipe.ts';
import { banditRecipe } from '../../pipeline/bandit.ts';

type Settings = NonNullable<NonNullable<RecipeInput['adapter']>['schedule']>;

const parse = (schedule: Settings, adapter: RecipeInput['adapter'] = {}) =>
  parseRecipe(banditRecipe({ adapter: { ...adapter, schedule } })).adapter.schedule;

const scheduleOf = (schedule: Settings, steps: number, layers = 3) =>
  betaSchedule({ schedule: parse(schedule), steps, layers });

const linear = (fraction: number, steps: number) => scheduleOf({ kind: 'linear', fraction }, steps);

/** β of the first layer at every step of the anneal. */
const course = (schedule: Settings, steps: number) => {
  const { betas, zeroStep } = scheduleOf({ fraction: 1, ...schedule }, steps);
  return Array.from({ length: zeroStep + 1 }, (_, step) => betas(step)[0]!);
};

describe('the linear schedule', () => {
  test('β is 1 before the first step, never rises, and is exactly 0 from zeroStep on', () => {
    const { betas, zeroStep } = linear(0.3, 101);
    expect(zeroStep).toBe(31);
    expect(betas(0)).toEqual([1, 1, 1]);
    for (let step = 1; step <= 101; step++) expect(betas(step)[0]).toBeLessThanOrEqual(betas(step - 1)[0]!);
    expect(betas(30)[2]).toBeGreaterThan(0);
    expect(betas(31)).toEqual([0, 0, 0]);
    expect(betas(101)).toEqual([0, 0, 0]);
  });

  test('multiplies as decimals do', () => {
    // 0.07 · 100 is 7.000000000000001 in binary.
    expect([0.07, 0.14, 0.28, 0.55, 0.56].map((fraction) => linear(fraction, 100).zeroStep)).toEqual([
      7, 14, 28, 55, 56,
    ]);
    expect(linear(0.071, 100).zeroStep).toBe(8);
  });

  test('with fraction 1 the last trained β is 1/steps and β(steps) is 0', () => {
    const { betas, zeroStep } = linear(1, 8);
    expect(zeroStep).toBe(8);
    expect(betas(7)[0]).toBeCloseTo(1 / 8, 12);
    expect(betas(8)[0]).toBe(0);
  });

  test('with fraction 0 β is 0 from the start', () => {
    const { betas, zeroStep } = linear(0, 8);
    expect(zeroStep).toBe(0);
    expect(betas(0)).toEqual([0, 0, 0]);
  });
});

describe.each([
  ['cosine', [1, 0.8535533905932737, 0.5, 0.1464466094067262, 0]],
  // e^(−5/4) and so on, less e^(−5), over 1 − e^(−5).
  ['exponential', [1, 0.28166469162, 0.07585818002, 0.01689362722, 0]],
  ['step', [1, 0.75, 0.5, 0.25, 0]],
] as const)('the %s schedule', (kind, expected) => {
  test('goes its way from 1 to exactly 0', () => {
    const betas = course({ kind }, 4);
    expected.forEach((beta, step) => {
      expect(betas[step]).toBeCloseTo(beta, 9);
    });
    expect(betas.at(-1)).toBe(0);
  });

  test('never rises and stays within 0 and 1, whatever the length', () => {
    for (const steps of [1, 2, 3, 7, 45, 1000]) {
      const betas = course({ kind, hold: 0.13 }, steps);
      expect(betas[0]).toBe(1);
      betas.forEach((beta, step) => {
        expect(beta).toBeLessThanOrEqual(betas[step - 1] ?? 1);
        expect(beta).toBeGreaterThanOrEqual(0);
      });
      expect(betas.at(-1)).toBe(0);
    }
  });
});

test('the rate of an exponential and the number of drops can be chosen', () => {
  expect(course({ kind: 'exponential', rate: 1 }, 2)[1]).toBeCloseTo(1 / (1 + Math.exp(0.5)), 9);
  expect(course({ kind: 'step', drops: 2 }, 4)).toEqual([1, 1, 0.5, 0.5, 0]);
});

test('the schedule zero has β 0 throughout', () => {
  const { betas, zeroStep } = scheduleOf({ kind: 'zero', fraction: 0.5 }, 10);
  expect([zeroStep, betas(0), betas(3)]).toEqual([0, [0, 0, 0], [0, 0, 0]]);
});

test('hold keeps β at 1 for its share of the anneal, which ends when it would without', () => {
  expect(course({ hold: 0.5 }, 8)).toEqual([1, 1, 1, 1, 1, 0.75, 0.5, 0.25, 0]);
});

describe('layerOffset', () => {
  const table = (layerOffset: number, hold = 0) => {
    const { betas, zeroStep } = scheduleOf({ fraction: 1, layerOffset, hold }, 8, 3);
    expect(zeroStep).toBe(8);
    return Array.from({ length: 9 }, (_, step) => betas(step));
  };

  test('anneals the first layers first, all within the same horizon', () => {
    const rows = table(0.5);
    expect(rows[0]).toEqual([1, 1, 1]);
    expect(rows[2]).toEqual([0.5, 1, 1]);
    expect(rows[4]).toEqual([0, 0.5, 1]);
    expect(rows[7]).toEqual([0, 0, 0.25]);
    expect(rows[8]).toEqual([0, 0, 0]);
  });

  test('below 0 the last layers first', () => {
    expect(table(-0.5)).toEqual(table(0.5).map((row) => row.toReversed()));
  });

  test('goes with a hold, and with a single layer is nothing', () => {
    expect(table(0.5, 0.5).slice(0, 7)).toEqual([...Array(5).fill([1, 1, 1]), [0.5, 1, 1], [0, 0.5, 1]]);
    const { betas } = scheduleOf({ fraction: 1, layerOffset: 0.5 }, 8, 1);
    expect([betas(0), betas(2), betas(8)]).toEqual([[1], [0.5], [0]]);
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

describe('a recipe’s schedule is refused', () => {
  const refused = (message: RegExp, ...given: Parameters<typeof parse>) => {
    expect(() => parse(...given)).toThrow(InputError);
    expect(() => parse(...given)).toThrow(message);
  };

  test('with a field that its kind does not read', () => {
    refused(/schedule.rate: is read by the schedule exponential only, not by linear \(got 3\)/, { rate: 3 });
    refused(/schedule.drops: .*step only, not by cosine/, { kind: 'cosine', drops: 3 });
  });

  test('out of range', () => {
    refused(/schedule.hold/, { hold: 1 });
    refused(/schedule.layerOffset/, { layerOffset: -1 });
    refused(/schedule.kind: .*got "quadratic"/, { kind: 'quadratic' } as unknown as Settings);
  });

  test('when it holds β at 1 where relu after B has no gradient', () => {
    const dead = { placement: 's-A-B-s', activation: 'relu' } as const;
    refused(
      /schedule.hold: would hold β at 1, where s-A-B-s with relu has a gradient of exactly 0/,
      { hold: 0.1 },
      dead,
    );
    refused(/schedule.kind: would hold β at 1/, { kind: 'step' }, dead);
    expect(parse({}, dead)).toMatchObject({ kind: 'linear' });
    expect(parse({ hold: 0.1 }, { ...dead, activation: 'silu' })).toMatchObject({ hold: 0.1 });
  });
});
