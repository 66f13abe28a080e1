import { InputError } from '../../errors.ts';
import type { Rows } from '../statistics/aggregation.ts';
import type { AdvantageBatch } from './types.ts';

/** The batch's mask. @throws InputError naming the estimator that needs it. */
export const maskOf = (batch: AdvantageBatch, estimator: string): Rows =>
  needed(batch.mask, 'a loss mask', estimator);

/** The batch's token rewards. @throws InputError naming the estimator that needs them. */
export const tokenRewardsOf = (batch: AdvantageBatch, estimator: string): Rows =>
  needed(batch.tokenRewards, 'token rewards', estimator);

/** `value`. @throws InputError when the batch does not carry it. */
export function needed<T>(value: T | undefined, what: string, estimator: string): T {
  if (value === undefined) throw new InputError(`advantage estimator ${estimator} needs ${what}`);
  return value;
}
