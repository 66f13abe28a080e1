import { packRows } from '../../src/model/packed-rows.ts';
import type { TrainRollout } from '../../src/policy/batch/train-batch.ts';
import type { Policy } from '../../src/policy/policy.ts';
import { playEpisodes } from '../../src/rollout/episodes/play-episodes.ts';
import { byGroup } from '../../src/rollout/groups.ts';
import { hasEnded } from '../../src/rollout/has-ended.ts';
import type { SampleOptions } from '../../src/rollout/sampler.ts';
import type { Rollout } from '../../src/types.ts';
import type { Tiny } from './tiny-policy.ts';
import { requests } from './toy-environment.ts';

/** Rollouts of the recipe's first tasks under the policy as it is, drawn as the recipe says. */
export async function rollOut(
  { policy, recipe }: { readonly policy: Pick<Policy, 'snapshot'>; readonly recipe: Tiny['recipe'] },
  options: Partial<SampleOptions> & { readonly prompts?: number } = {},
): Promise<readonly Rollout[]> {
  const asked = await requests(recipe.env, options.prompts ?? recipe.sampling.promptsPerStep);
  return playEpisodes(policy.snapshot(), recipe.env, asked, { ...recipe.sampling, seed: 11, ...options });
}

/** Maps the rows of a batch, each with its number in its group. */
export const mapInGroups = <R extends { readonly group: number }, T>(
  rows: readonly R[],
  of: (row: R, g: number) => T,
): T[] => byGroup(rows).flatMap((group) => group.map((row, g) => of(row, g)));

/** Rollouts with an advantage each, by its number in its group and its group's number. */
export const withAdvantages = (
  rollouts: readonly Rollout[],
  advantageOf: (g: number, p: number) => number,
): TrainRollout[] =>
  mapInGroups(rollouts, (rollout, g) => {
    const advantage = advantageOf(g, rollout.group);
    return { ...rollout, scores: [advantage], reward: advantage, advantage };
  });

/** Rollouts with the reference policy's log-probs. */
export async function withReference<R extends Rollout>(
  policy: Pick<Policy, 'referenceLogprobs'>,
  rollouts: readonly R[],
): Promise<(R & { readonly refLogprobs: readonly number[] })[]> {
  const reference = await policy.referenceLogprobs(rollouts);
  return rollouts.map((rollout, b) => ({ ...rollout, refLogprobs: reference[b]! }));
}

/** Advantages as a trainer would find them: of both signs, none alike. */
export const mixed = (g: number, p: number): number => Math.cos(3 * g + 5 * p + 1);

/**
 * Token advantages, values and returns as a value function would give them, none alike, with a place past the last
 * token of each text that ended.
 */
export const withValueTargets = (rollouts: readonly TrainRollout[]): TrainRollout[] =>
  mapInGroups(rollouts, (rollout, g) => {
    const p = rollout.group;
    const length = rollout.tokenIds.length + (hasEnded(rollout) ? 1 : 0);
    const row = (of: (t: number) => number) => Array.from({ length }, (_, t) => of(t));
    return {
      ...rollout,
      tokenAdvantages: row((t) => mixed(g + t, p)),
      valueTargets: {
        values: row((t) => 0.2 * mixed(t + g, p)),
        returns: row((t) => mixed(g, p + t)),
        mask: row(() => 1),
      },
    };
  });

/** Rows of numbers without those at tokens that the environment wrote, [B][T]. */
export const own = (rollouts: readonly Rollout[], rows: readonly (readonly number[])[]): number[][] =>
  rollouts.map(({ completionMask }, b) => rows[b]!.filter((_, t) => completionMask?.[t] !== 0));

/** Log-probs that the sampler recorded, [B][T]. */
export const recorded = (rollouts: readonly Rollout[]): (readonly number[])[] =>
  rollouts.map(({ logprobs }) => logprobs);

/** Log-probs of the same tokens as the trainer computes them, all groups packed together, [B][T]. */
export async function trainerLogprobs(
  { programs, recipe, weights }: Tiny,
  rows: readonly Pick<Rollout, 'group' | 'promptIds' | 'tokenIds'>[],
  betas?: readonly number[],
): Promise<number[][]> {
  const packed = packRows(
    byGroup(rows).map((group) => ({
      prompt: group[0]!.promptIds,
      completions: group.map(({ tokenIds }) => tokenIds),
    })),
  );
  const { logprobs } = await programs.logprobs(weights(betas), packed, recipe.sampling.temperature);
  return rows.map(({ tokenIds }, b) => tokenIds.map((_, t) => logprobs.data[b * packed.width + t]!));
}

/** The greatest |a − b| of two nested arrays of numbers of one shape. */
export function greatestGap(a: unknown, b: unknown): number {
  if (typeof a === 'number' && typeof b === 'number') return Number.isNaN(a - b) ? Infinity : Math.abs(a - b);
  const [x, y] = [a, b] as [ArrayLike<unknown>, ArrayLike<unknown>];
  if (x.length !== y.length) throw new Error(`lengths ${x.length} and ${y.length} differ`);
  let gap = 0;
  for (let i = 0; i < x.length; i++) gap = Math.max(gap, greatestGap(x[i], y[i]));
  return gap;
}
