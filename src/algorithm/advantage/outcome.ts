import type { Rows } from '../statistics/aggregation.ts';
import { rowsByGroup } from './groups.ts';
import type { AdvantageBatch, Advantages } from './types.ts';

/** Gives every token of the mask its completion's advantage, [B][T]; token advantages stay as they are. */
export function perToken({ advantages }: Advantages, mask: Rows): Float32Array[] {
  if (!(advantages instanceof Float32Array)) return advantages;
  return mask.map((row, b) => Float32Array.from(row, (m) => m * advantages[b]!));
}

/**
 * Advantages from one function of each group's rewards, whose results come back in the group's order. Completions
 * without a reward (NaN) are left out and get 0, as does one that this leaves alone: there is nothing to compare it with.
 */
export function byGroup(
  { rewards, groups }: Pick<AdvantageBatch, 'rewards' | 'groups'>,
  advantagesOf: (rewards: number[], rows: number[]) => number[],
): Float32Array {
  const advantages = new Float32Array(rewards.length);
  for (const members of rowsByGroup(groups)) {
    const rows = members.filter((b) => !Number.isNaN(rewards[b]!));
    if (rows.length === 0 || (rows.length === 1 && members.length > 1)) continue;
    const values = advantagesOf(
      rows.map((b) => rewards[b]!),
      rows,
    );
    rows.forEach((b, i) => {
      advantages[b] = values[i]!;
    });
  }
  return advantages;
}

export const mean = (values: readonly number[]) =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

/** verl's baseline of a group: its mean reward, but 0 for a group of one, which keeps its raw reward. */
export const verlBaseline = (rewards: readonly number[]) => (rewards.length > 1 ? mean(rewards) : 0);
