import * as tf from '../../../../engine/tfjs.ts';
import { gateTemperatures, softGate } from '../../terms/soft-gate.ts';
import { defineLoss, type PolicyTerms, type SurrogateResult } from '../../terms/types.ts';
import { clampedLogRatio, verlMetrics } from '../../terms/verl-metrics.ts';

/** SAPO as verl has it: token ratios only, log-ratios within ±20, averaged over the rows that have tokens. */
function surrogate(terms: PolicyTerms): SurrogateResult {
  const logRatio = clampedLogRatio(terms.logRatio);
  const tokenLoss = softGate(tf.exp(logRatio), terms);
  return { tokenLoss, metrics: verlMetrics(terms, { logRatio }) };
}

export const verlSapo = defineLoss({
  options: gateTemperatures,
  surrogate,
  advantage: { estimator: 'grpo' },
  aggregation: 'seq-mean-token-mean',
});
