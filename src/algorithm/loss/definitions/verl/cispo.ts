import * as tf from '../../../../engine/tfjs.ts';
import { constantOf } from '../../../statistics/stop-gradient.ts';
import { clipBounds, clipRange } from '../../terms/clipped.ts';
import { aggregation } from '../../terms/options.ts';
import { defineLoss, type PolicyTerms, type SurrogateResult } from '../../terms/types.ts';
import { clampedLogRatio, verlMetrics } from '../../terms/verl-metrics.ts';

/** CISPO as verl has it: the detached ratio is clipped on both sides, to [1 − clipEpsilon, 1 + clipEpsilonHigh]. */
function surrogate(terms: PolicyTerms): SurrogateResult {
  const { advantages, hyper, inputs, mask } = terms;
  const logRatio = clampedLogRatio(terms.logRatio);
  const ratio = tf.exp(logRatio);
  const bounded = (r: tf.Tensor) => tf.minimum(tf.maximum(r, hyper.clipLow!), hyper.clipHigh!);
  const weight = constantOf(bounded, ratio);
  const tokenLoss = tf.neg(tf.mul(tf.mul(weight, advantages), tf.mul(inputs.logprobs, mask)));
  const clipped = tf.cast(tf.notEqual(ratio, weight), 'float32');
  return { tokenLoss, metrics: verlMetrics(terms, { logRatio, clipped }) };
}

export const verlCispo = defineLoss({
  options: { ...clipRange(0.2), ...aggregation('token-mean') },
  surrogate,
  hyper: clipBounds,
  advantage: { estimator: 'grpo' },
});
