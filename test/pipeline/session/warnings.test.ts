import { describe, expect, test } from 'vitest';
import {
  accuracyWarnings,
  lastJump,
  promptWarnings,
  recipeWarnings,
  startWatch,
  watchStep,
} from '../../../src/pipeline/session/warnings.ts';
import { parseRecipe } from '../../../src/recipe/recipe.ts';
import { banditRecipe } from '../bandit.ts';

/** Steps at which something was said, and what. */
function said(series: readonly Record<string, number>[]): [number, string][] {
  let state = startWatch;
  return series.flatMap((metrics, step): [number, string][] => {
    const outcome = watchStep(state, { step, beta: 0, ...metrics });
    state = outcome.state;
    return outcome.warnings.map((warning) => [step, warning]);
  });
}

describe('a person is warned', () => {
  test('when half of the completions are cut off, once each time that begins', () => {
    const ratios = [0.4, 0.5, 0.6, 0.1, 0.7];
    const warnings = said(ratios.map((ratio) => ({ 'completions/clipped_ratio': ratio })));
    expect(warnings.map(([step]) => step)).toEqual([1, 4]);
    expect(warnings[0]![1]).toMatch(/^50 % of completions hit the token limit: raise sampling.maxNewTokens/);
  });

  test('when all rewards are equal for five steps in a row', () => {
    const stds = [0, 0, 0, 0, 0.1, 0, 0, 0, 0, 0, 0];
    const warnings = said(stds.map((std) => ({ reward_std: std })));
    expect(warnings).toEqual([[9, expect.stringMatching(/^all rewards have been equal for 5 steps/)]]);
  });

  test('when dynamic sampling gives up, once each time that begins', () => {
    const series = [0, 3, 3, 0, 1].map((flat) => ({
      'dynamic_sampling/flat': flat,
      'dynamic_sampling/tries': 4,
    }));
    const warnings = said(series);
    expect(warnings.map(([step]) => step)).toEqual([1, 4]);
    expect(warnings[0]![1]).toMatch(/^dynamic sampling gave up after 4 tries: the completions of 3 prompts/);
  });

  test('when the last step trained at a β above 0', () => {
    expect(lastJump({ step: 9, beta: 0, anneal_kl: 0.1 })).toEqual([]);
    expect(lastJump({ step: 9, beta: 1 / 150, anneal_kl: 0.000123456 })).toEqual([
      'the last step trained at β = 0.00667, and the policy that is kept is the one at β = 0: that jump alone moved the policy by 0.000123 nats a token',
    ]);
    expect(lastJump({ step: 9, beta: 0.5 })[0]).toMatch(/the one at β = 0$/);
  });

  test('when gold answers can’t be read', () => {
    const series = [0, 0.25, 0.3].map((share) => ({ 'math/unreadable_gold': share }));
    expect(said(series)).toEqual([
      [1, expect.stringMatching(/^the gold answers of 25 % of completions can't be read as mathematics/)],
    ]);
  });

  test('when accuracy is by a reward with more than two values', () => {
    expect(accuracyWarnings('near', 0)).toEqual([]);
    expect(accuracyWarnings('near', 0.4)[0]).toMatch(
      /whose reward "near" is at least 1, and 40 % of them scored in/,
    );
  });

  test('when the anneal had to move the policy further than it may', () => {
    const series = [0, 0, 1, 0].map((exceeded) => ({ anneal_kl: 0.0123456, anneal_kl_exceeded: exceeded }));
    expect(said(series)).toEqual([
      [
        2,
        expect.stringMatching(/^the anneal alone moved the policy by 0.0123 nats a token, more than adapter/),
      ],
    ]);
  });

  test('when prompts were cut, once', () => {
    const series = [0, 2, 3, 0, 1].map((truncated) => ({ reward: 1, 'prompts/truncated': truncated }));
    expect(said(series)).toEqual([
      [1, expect.stringMatching(/^prompts longer than sampling.maxPromptLength were cut, 2 in this batch: /)],
    ]);
  });

  test('of held-out prompts that have to be cut', () => {
    const limits = { maxPromptLength: 9 };
    expect(promptWarnings([{}, {}], limits)).toEqual([]);
    expect(promptWarnings([{ promptTokensCut: 1 }, {}, {}], limits)[0]).toMatch(
      /^sampling.maxPromptLength \(9 tokens\) cuts 1 of 3 held-out prompts: /,
    );
  });

  test('of a learning rate far from what the method takes', () => {
    const warningsAt = (lr: number, overrides: Parameters<typeof banditRecipe>[0] = {}) =>
      recipeWarnings(parseRecipe(banditRecipe({ optimizer: { lr }, ...overrides })));
    expect(warningsAt(1e-3)).toEqual([]);
    expect(warningsAt(3e-3)).toEqual([
      'optimizer.lr 0.003 is above what afa-lora usually takes (0.000001 to 0.002)',
    ]);
    expect(warningsAt(1e-7)[0]).toMatch(/1e-7 is below/);
    expect(warningsAt(1e-3, { method: 'full' })[0]).toMatch(/above what full/);
    expect(warningsAt(2e-4, { method: 'full' })).toEqual([]);
    expect(warningsAt(3e-3, { method: 'full', objective: 'sft' })).toEqual([]);
  });
});
