import * as tf from '../../../../engine/tfjs.ts';
import { constantOf, detach } from '../../../statistics/stop-gradient.ts';
import { clipBounds, clipRange } from '../../terms/clipped.ts';
import { pessimistic } from '../../terms/pessimistic.ts';
import { defineLoss, type PolicyTerms, type SurrogateResult } from '../../terms/types.ts';
import { verlMetrics } from '../../terms/verl-metrics.ts';

/**
 * GSPO as verl has it, the paper's GSPO-token: the value is the sequence's ratio, the gradient that of the token's own
 * log-prob. The log-ratio is bounded at +10 only.
 */
function surrogate(terms: PolicyTerms): SurrogateResult {
  const { inputs, logRatio, mask } = terms;
  const length = tf.maximum(tf.sum(mask, 1, true), tf.scalar(1));
  const sequence = constantOf((x) => tf.div(tf.sum(x, 1, true), length), logRatio);
  const own = tf.mul(inputs.logprobs, mask);
  const ratio = tf.exp(tf.minimum(tf.add(tf.sub(own, detach(own)), sequence), tf.scalar(10)));
  const { tokenLoss, clipped } = pessimistic(ratio, terms);
  return { tokenLoss, metrics: verlMetrics(terms, { logRatio, clipped }) };
}

export const verlGspo = defineLoss({
  options: clipRange(3e-4, 4e-4),
  surrogate,
  hyper: clipBounds,
  advantage: { estimator: 'grpo' },
  aggregation: 'seq-mean-token-mean',
});
