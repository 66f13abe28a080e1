import * as tf from '../../../engine/tfjs.ts';
import { positive } from '../../../options/ranges.ts';
import { constantOf } from '../../statistics/stop-gradient.ts';
import { termMean } from '../terms/metrics.ts';
import { aggregation, importanceLevel } from '../terms/options.ts';
import { defineLoss } from '../terms/types.ts';

/**
 * CISPO (MiniMax-M1), https://arxiv.org/abs/2506.13585: −detach(min(r, ratioMax))·A·log π. The ratio only weighs the
 * token, so that no token loses its gradient by being clipped. As in TRL there is no lower bound, and ratioMax is the
 * bound itself (TRL passes it as epsilon_high).
 */
export const cispo = defineLoss({
  options: {
    // The bound that ScaleRL (https://arxiv.org/abs/2510.13786) settled on.
    ratioMax: positive.default(5).describe('upper bound of the ratio, which weighs the token'),
    ...importanceLevel('token'),
    ...aggregation('token-mean'),
  },
  surrogate: (terms) => {
    const { advantages, hyper, inputs, mask, ratio } = terms;
    const weight = constantOf((r) => tf.minimum(r, hyper.ratioMax!), ratio);
    const tokenLoss = tf.neg(tf.mul(tf.mul(weight, advantages), tf.mul(inputs.logprobs, mask)));
    const clipped = tf.logicalAnd(tf.greater(ratio, hyper.ratioMax!), tf.greater(advantages, tf.scalar(0)));
    return { tokenLoss, metrics: { cispo_clip_ratio: termMean(tf.cast(clipped, 'float32'), terms) } };
  },
  advantage: { estimator: 'grpo' },
});
