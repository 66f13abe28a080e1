import { rawGae } from '../advantage/gae.ts';
import type { Rows } from '../aggregation.ts';
import { masked, maskedWhiten } from '../masked-statistics.ts';

/** Rows [B][T] of a rollout batch that PPO trains on. */
export interface GaeBatch {
  readonly rewards: Rows;
  readonly values: Rows;
  /** Tokens of the policy loss. */
  readonly mask: Rows;
  /** Positions that have a value: the same, or TRL's with one more. */
  readonly valueMask: Rows;
}

/**
 * PPO's advantages and returns: values outside their mask are 0, GAE runs over every position, advantages are whitened
 * over the policy's mask and 0 outside of it; returns = advantages before whitening + values.
 */
export function ppoAdvantages(
  { rewards, values, mask, valueMask }: GaeBatch,
  { gamma, lambda }: { readonly gamma: number; readonly lambda: number },
): {
  readonly values: Float32Array[];
  readonly advantages: Float32Array[];
  readonly returns: Float32Array[];
} {
  const known = masked(values, valueMask);
  const everywhere = rewards.map((row) => new Uint8Array(row.length).fill(1));
  const raw = rawGae({ rewards, values: known, mask: everywhere }, gamma, lambda);
  const returns = raw.map((row, b) => row.map((advantage, t) => advantage + known[b]![t]!));
  return { values: known, advantages: masked(maskedWhiten(raw, mask), mask), returns };
}
