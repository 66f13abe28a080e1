import { describe, expect, test } from 'vitest';
import { placements } from '../../src/adapter/adapter-settings.ts';
import type { Rollout } from '../../src/types.ts';
import { greatestGap, recorded, rollOut, trainerLogprobs, withAdvantages } from './rollouts.ts';
import { openTiny, type RecipeOverrides } from './tiny-policy.ts';

/** Many, so that most texts end before the limit, each at another length. */
const eosTokenIds = [2, ...Array.from({ length: 14 }, (_, i) => 3 + i)];
const sampling = { groupSize: 4, promptsPerStep: 6, maxNewTokens: 12, temperature: 0.7, topP: 0.9 };
/** So narrow that a ratio which is not 1 counts as clipped. */
const algorithm = { name: 'dapo', clipEpsilon: 1e-4 } as const;

const everyBeta = [
  [1, 1],
  [0.5, 0.5],
  [0, 0],
  [0.2, 0.9],
];
const methods: [name: string, recipe: RecipeOverrides, betas: readonly (readonly number[])[]][] = [
  ['lora', { method: 'lora' }, [[0, 0]]],
  ['full', { method: 'full', optimizer: { lr: 1e-3 } }, [[0, 0]]],
  ...placements.map((placement): (typeof methods)[number] => [
    `afa-lora ${placement}`,
    { method: 'afa-lora', adapter: { placement } },
    everyBeta,
  ]),
];

describe.each(methods)(
  '%s: the trainer finds the log-probs that the sampler recorded',
  (_, recipe, betas) => {
    let now: readonly number[] = betas[0]!;
    const opened = openTiny({
      recipe: { ...recipe, algorithm, sampling },
      eosTokenIds,
      trained: true,
      betas: () => now,
    });

    test.each(betas.map((beta) => [beta] as const))('at β = %j', async (beta) => {
      now = beta;
      const tiny = await opened;
      const rollouts = await rollOut(tiny);
      expectVaried(rollouts);
      expect(greatestGap(recorded(rollouts), await trainerLogprobs(tiny, rollouts))).toBeLessThan(1e-4);

      // The update sees them from within: every ratio is 1, so nothing is clipped, and the loss is −(mean advantage).
      for (const advantage of [1, -1]) {
        const others = await rollOut(tiny, { seed: 12 });
        const metrics = await tiny.policy.update({
          objective: 'rl',
          rollouts: withAdvantages(others, () => advantage),
        });
        expect(metrics['clip_ratio/region_mean']).toBe(0);
        expect(metrics.loss).toBeCloseTo(-advantage, 5);
        expect(metrics.grad_norm).toBeGreaterThan(1e-3);
      }
    });

    if (betas !== everyBeta) return;
    test('and not under another β than the rollout’s', async () => {
      now = [1, 1];
      const tiny = await opened;
      const rollouts = await rollOut(tiny);
      for (const other of [
        [0.9, 1],
        [1, 0.9],
        [0, 0],
      ]) {
        const found = await trainerLogprobs(tiny, rollouts, other);
        expect(greatestGap(recorded(rollouts), found)).toBeGreaterThan(1e-3);
      }
    });
  },
);

describe('with memory for few rows', () => {
  // 24 rows take turns: some leave the cache half done, and enter it again.
  const few = { ...sampling, cacheGB: 2e-4 };
  const open = () =>
    openTiny({
      recipe: { algorithm, sampling: few },
      eosTokenIds: [2, 3, 4],
      trained: true,
      betas: () => [0.5, 0.2],
    });

  test('the trainer finds the same log-probs', async () => {
    const tiny = await open();
    const rollouts = await rollOut(tiny, { maxNewTokens: 90 });
    expectVaried(rollouts);
    expect(greatestGap(recorded(rollouts), await trainerLogprobs(tiny, rollouts))).toBeLessThan(1e-4);
  });

  test('the tokens are those with memory for all, and bits those of the same seed', async () => {
    const tiny = await open();
    const rollouts = await rollOut(tiny, { maxNewTokens: 90 });
    const all = await rollOut(tiny, { maxNewTokens: 90, cacheGB: 1 });
    expect(rollouts.map(({ tokenIds }) => tokenIds)).toEqual(all.map(({ tokenIds }) => tokenIds));
    expect(await rollOut(tiny, { maxNewTokens: 90 })).toEqual(rollouts);
  });
});

/** The rollouts are what the claim is about: prompts of unequal length, some rows finished long before others. */
function expectVaried(rollouts: readonly Rollout[]): void {
  expect(new Set(rollouts.map(({ promptIds }) => promptIds.length)).size).toBeGreaterThan(3);
  expect(new Set(rollouts.map(({ finishReason }) => finishReason))).toEqual(new Set(['eos', 'length']));
  expect(new Set(rollouts.map(({ tokenIds }) => tokenIds.length)).size).toBeGreaterThan(4);
}
