import * as tf from '../../../engine/tfjs.ts';
import type { LossDefinition, Surrogate } from '../terms/types.ts';
import { clampedLogRatio, verlMetrics } from '../terms/verl-metrics.ts';
import { sapo, sapoOptions, softGate } from './sapo.ts';

/** SAPO as verl has it: token ratios only, log-ratios within ±20, averaged over the rows that have tokens. */
const surrogate: Surrogate = (terms) => {
  const logRatio = clampedLogRatio(terms.logRatio);
  const tokenLoss = softGate(tf.exp(logRatio), terms);
  return { tokenLoss, metrics: verlMetrics(terms, { logRatio }) };
};

export const verlSapo: LossDefinition = {
  surrogate,
  hyper: sapo.hyper,
  options: sapoOptions,
  advantage: { estimator: 'grpo' },
  aggregation: 'seq-mean-token-mean',
  fixedAggregation: true,
};
