import { describe, expect, test } from 'vitest';
import { parseRecipe, type RecipeInput } from '../../src/recipe/recipe.ts';
import { banditRecipe } from '../pipeline/bandit.ts';

const parse = (optimizer: object) =>
  parseRecipe(banditRecipe({ optimizer: { lr: 0.01, ...optimizer } as RecipeInput['optimizer'], steps: 20 }))
    .optimizer;
const refused = (optimizer: object, message: RegExp | string) =>
  expect(() => parse(optimizer)).toThrow(message);

describe('the learning rate', () => {
  test('is constant, and a schedule brings the defaults of its own options', () => {
    expect(parse({})).toMatchObject({ lrSchedule: 'constant', warmupSteps: 0 });
    expect(parse({ lrSchedule: 'cosine' })).toMatchObject({ cycles: 0.5 });
    expect(parse({ lrSchedule: 'cosine_with_restarts' })).toMatchObject({ cycles: 1 });
    expect(parse({ lrSchedule: 'polynomial' })).toMatchObject({ endLr: 1e-7, power: 1 });
    const wsd = { lrSchedule: 'warmup_stable_decay', warmupSteps: 2, decaySteps: 5, stableSteps: 3 };
    expect(parse(wsd)).toMatchObject({ ...wsd, warmupType: 'linear', decayType: 'cosine', minLrRatio: 0 });
  });

  test('refuses the options of another schedule, by name', () => {
    refused(
      { lrSchedule: 'linear', power: 2 },
      /optimizer.power: lrSchedule linear does not read it \(polynomial does\); its own options: none \(got 2\)/,
    );
    refused({ cycles: 2 }, /lrSchedule constant does not read it \(cosine, cosine_with_restarts,/);
    refused({ lrSchedule: 'cosine_with_restarts', cycles: 0.5 }, /optimizer.cycles: .*int.*got 0.5/);
  });

  test('refuses what is missing, misspelt, or does not fit into the run', () => {
    refused({ lrSchedule: 'cosine_with_min_lr' }, /optimizer.minLrRatio: is required/);
    refused({ lrSchedule: 'cosine_with_restart' }, /optimizer.lrSchedule: .*got "cosine_with_restart"/);
    refused({ warmUpSteps: 3 }, /"warmUpSteps"; did you mean warmupSteps\?/);
    refused({ lrSchedule: 'polynomial', endLr: 0.1 }, /endLr: must be below optimizer.lr \(0.01\).*got 0.1/);
    refused(
      { lrSchedule: 'warmup_stable_decay', warmupSteps: 8, decaySteps: 15 },
      /decaySteps: ends after the run: warmupSteps \(8\), stableSteps \(0\) .* 20 steps \(got 15\)/,
    );
  });
});
