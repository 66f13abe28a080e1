import { aggregation, importanceLevel } from '../terms/options.ts';
import { gateTemperatures, softGate } from '../terms/soft-gate.ts';
import { defineLoss } from '../terms/types.ts';

/**
 * SAPO (soft adaptive policy optimisation), https://arxiv.org/abs/2511.20347: a sigmoid gate in place of the clip,
 * −(4/τ)·σ(τ(r − 1))·A, whose slope is 1 at r = 1 and fades on both sides. τ is sapoTemperaturePositive where A > 0,
 * else sapoTemperatureNegative (the default is steeper); as in TRL, A = 0 counts as negative.
 */
export const sapo = defineLoss({
  options: { ...gateTemperatures, ...importanceLevel('token'), ...aggregation('seq-mean-token-mean') },
  surrogate: (terms) => ({ tokenLoss: softGate(terms.ratio, terms), metrics: {} }),
  advantage: { estimator: 'grpo' },
});
