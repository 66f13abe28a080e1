import type { Rows } from '../statistics/aggregation.ts';
import { rowsByGroup } from './groups.ts';
import type { AdvantageBatch, Advantages } from './types.ts';

/** Gives every token of the mask its completion's advantage, [B][T]; token advantages stay as they are. */
export function perToken({ advantages }: Advantages, mask: Rows): Float32Array[] {
  if (!(advantages instanceof Float32Array)) return advantages;
  return mask.map((row, b) => Float32Array.from(row, (m) => m * advantages[b]!));
}

/**
 * Advantages from one function of each group's rewards, which returns one number for each of them. A completion without
 * a reward (NaN) gets 0. If only one completion of a larger group has a reward, it gets 0 too.
 */
export function withinGroups(
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
