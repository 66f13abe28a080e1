import type { Rows } from '../statistics/aggregation.ts';
import { maskedVariance } from '../statistics/masked-statistics.ts';

/**
 * How much of the returns a value function knew beforehand: 1 − Var(returns − values)/Var(returns) over the mask. 1 is
 * all, 0 no more than their mean; NaN where the returns do not vary.
 */
export function explainedVariance(values: Rows, returns: Rows, mask: Rows): number {
  const left = returns.map((row, b) => Array.from(row, (value, t) => value - values[b]![t]!));
  const variance = maskedVariance(returns, mask);
  return variance === 0 ? Number.NaN : 1 - maskedVariance(left, mask) / variance;
}
