import {
  type Aggregation,
  type Denominators,
  type Rows,
  rowSum,
  totalTokens,
} from '../statistics/aggregation.ts';
import { type LossConfig, lossNamed } from './index.ts';

/** A batch as far as its denominators go. */
export interface DividedBatch {
  /** 1 where a token is trained on. */
  readonly mask: Rows;
  /** Token limit of a completion: the constant length of seq-mean-token-sum-norm. */
  readonly maxCompletionLength: number;
}

/** How the loss sums its token losses: the one way that it is defined with, or the configured one. */
export function aggregationOf(config: LossConfig): Aggregation {
  const { aggregation } = lossNamed(config);
  if (aggregation !== undefined) return aggregation;
  return 'aggregation' in config ? config.aggregation : 'token-mean';
}

/**
 * Denominators of an optimiser batch: N loss tokens, S rows, and the constant of seq-mean-token-sum-norm. TRL counts
 * all rows in S, and its constant is S · maxCompletionLength. verl leaves out rows without a token (unless the loss
 * counts all), and its constant is the width that it pads to, maxCompletionLength.
 */
export function divisors({ mask, maxCompletionLength }: DividedBatch, config: LossConfig): Denominators {
  const tokens = Math.max(1, totalTokens(mask));
  if (config.compat !== 'verl') {
    const sequences = Math.max(1, mask.length);
    return { tokens, sequences, scale: sequences * maxCompletionLength };
  }
  const filled = Math.max(1, mask.filter((row) => rowSum(row) > 0).length);
  const sequences = lossNamed(config).rows === 'all' ? mask.length : filled;
  return { tokens, sequences, scale: maxCompletionLength };
}
