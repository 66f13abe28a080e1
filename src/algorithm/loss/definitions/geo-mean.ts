import * as tf from '../../../engine/tfjs.ts';
import { constantOf } from '../../statistics/stop-gradient.ts';
import { clipRange } from '../terms/clipped.ts';
import { defineLoss, type PolicyTerms, type SurrogateResult } from '../terms/types.ts';
import { verlMetrics } from '../terms/verl-metrics.ts';

/**
 * GMPO (geometric-mean policy optimisation), https://arxiv.org/abs/2507.20673, verl's `geo_mean`: one ratio a sequence,
 * the geometric mean of token ratios, each clipped first, pessimistically, in log space to [−clipEpsilon,
 * clipEpsilonHigh]; times the row's mean advantage, averaged over all rows, empty ones included.
 * The sampler's importance ratio enters as its geometric mean, too.
 */
function surrogate(terms: PolicyTerms): SurrogateResult {
  const { advantages, hyper, logRatio, mask } = terms;
  const mean = (x: tf.Tensor) =>
    tf.div(tf.sum(tf.mul(x, mask), 1, true), tf.maximum(tf.sum(mask, 1, true), tf.scalar(1)));
  const sign = tf.sign(advantages);
  const bounded = tf.minimum(tf.maximum(logRatio, hyper.logClipLow!), hyper.logClipHigh!);
  const worse = tf.mul(sign, tf.minimum(tf.mul(sign, logRatio), tf.mul(sign, bounded)));
  let perSequence = tf.mul(mean(advantages), tf.exp(mean(worse)));
  const { importanceRatio } = terms.inputs;
  if (importanceRatio !== undefined) {
    const logs = constantOf((r) => tf.log(tf.add(r, tf.scalar(1e-10))), importanceRatio);
    perSequence = tf.mul(perSequence, tf.exp(mean(logs)));
  }
  return { tokenLoss: tf.neg(perSequence), metrics: metrics(terms, tf.notEqual(logRatio, bounded)) };
}

function metrics(terms: PolicyTerms, beyond: tf.Tensor): Record<string, tf.Tensor> {
  const { advantages, logRatio } = terms;
  const where = (side: tf.Tensor) => tf.cast(tf.logicalAnd(beyond, side), 'float32');
  return verlMetrics(terms, {
    logRatio,
    clipped: where(tf.greater(advantages, tf.scalar(0))),
    lower: where(tf.less(advantages, tf.scalar(0))),
  });
}

export const geoMean = defineLoss({
  // The paper's range, in log space.
  options: clipRange(0.4),
  surrogate,
  hyper: ({ clipEpsilon, clipEpsilonHigh = clipEpsilon }) => ({
    logClipLow: -clipEpsilon,
    logClipHigh: clipEpsilonHigh,
  }),
  advantage: { estimator: 'grpo' },
  aggregation: 'seq-mean-token-mean',
  rows: 'all',
  ownsImportanceRatio: true,
});
