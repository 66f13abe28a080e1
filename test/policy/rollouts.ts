import { type PackedRows, packRows } from '../../src/model/packed-rows.ts';
import type { TrainGroup } from '../../src/policy/policy.ts';
import { playEpisodes } from '../../src/rollout/play-episodes.ts';
import type { SampleOptions } from '../../src/rollout/sampler.ts';
import type { Group } from '../../src/types.ts';
import type { Tiny } from './tiny-policy.ts';
import { requests } from './toy-environment.ts';

/** Rollouts of the recipe's first tasks under the policy as it is, drawn as the recipe says. */
export async function rollOut(
  { policy, recipe }: Pick<Tiny, 'policy' | 'recipe'>,
  options: Partial<SampleOptions> & { readonly prompts?: number } = {},
): Promise<readonly Group[]> {
  const asked = await requests(recipe.env, options.prompts ?? recipe.sampling.promptsPerStep);
  return playEpisodes(policy.snapshot(), recipe.env, asked, { ...recipe.sampling, seed: 11, ...options });
}

/** Groups with an advantage for each rollout, by its number in its group and its group's number. */
export function withAdvantages(
  groups: readonly Group[],
  advantage: (g: number, p: number) => number,
): TrainGroup[] {
  return groups.map((group, p) => {
    const advantages = group.rollouts.map((_, g) => advantage(g, p));
    return { ...group, scores: [advantages], rewards: advantages, advantages };
  });
}

/** Advantages as a trainer would find them: of both signs, none alike. */
export const mixed = (g: number, p: number): number => Math.cos(3 * g + 5 * p + 1);

/**
 * Token advantages, values and returns as a value function would give them, none alike, with a place past the last token of
 * each text that ended.
 */
export function withValueTargets(groups: readonly TrainGroup[]): TrainGroup[] {
  return groups.map((group, p) => {
    const rows = (of: (t: number, g: number) => number) =>
      group.rollouts.map(({ tokenIds, finishReason }, g) =>
        Array.from({ length: tokenIds.length + (finishReason === 'length' ? 0 : 1) }, (_, t) => of(t, g)),
      );
    const [values, returns] = [rows((t, g) => 0.2 * mixed(t + g, p)), rows((t, g) => mixed(g, p + t))];
    return {
      ...group,
      tokenAdvantages: rows((t, g) => mixed(g + t, p)),
      valueTargets: values.map((row, g) => ({
        values: row,
        returns: returns[g]!,
        mask: row.map(() => 1),
      })),
    };
  });
}

/** Rows of numbers without those at tokens that the environment wrote, [groups][G][T]. */
export const own = (groups: readonly Group[], rows: readonly (readonly (readonly number[])[])[]) =>
  groups.map(({ rollouts }, p) =>
    rollouts.map(({ ownTokens }, g) => rows[p]![g]!.filter((_, t) => ownTokens?.[t] !== 0)),
  );

/** Log-probs that the sampler recorded, [groups][G][T]. */
export const recorded = (groups: readonly Group[]): (readonly number[])[][] =>
  groups.map(({ rollouts }) => rollouts.map(({ logprobs }) => logprobs));

/** Log-probs of the same tokens as the trainer computes them, all groups packed together, [groups][G][T]. */
export async function trainerLogprobs(
  { programs, recipe, weights }: Tiny,
  groups: readonly Group[],
  betas?: readonly number[],
): Promise<number[][][]> {
  const packed = packRows(
    groups.map(({ promptIds, rollouts }) => ({
      prompt: promptIds,
      completions: rollouts.map(({ tokenIds }) => tokenIds),
    })),
  );
  const { logprobs } = await programs.logprobs(weights(betas), packed, recipe.sampling.temperature);
  return unpack(groups, packed, logprobs.data);
}

/** [groups][G][T] from rows [B, T] that were packed from these groups. */
function unpack(groups: readonly Group[], packed: PackedRows, rows: ArrayLike<number>): number[][][] {
  let b = 0;
  return groups.map(({ rollouts }) =>
    rollouts.map(({ tokenIds }) => {
      const start = b++ * packed.width;
      return tokenIds.map((_, t) => rows[start + t]!);
    }),
  );
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
