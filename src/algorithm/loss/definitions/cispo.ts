import * as tf from '../../../engine/tfjs.ts';
import { InputError } from '../../../errors.ts';
import { constantOf } from '../../statistics/stop-gradient.ts';
import { termMean } from '../terms/metrics.ts';
import type { LossDefinition, Surrogate } from '../terms/types.ts';

/**
 * CISPO (MiniMax-M1), https://arxiv.org/abs/2506.13585: −detach(min(r, ratioMax))·A·log π. The ratio only weighs the
 * token, so that no token loses its gradient by being clipped. As in TRL there is no lower bound, and ratioMax is the
 * bound itself (TRL passes it as epsilon_high).
 */
const surrogate: Surrogate = (terms) => {
  const { advantages, hyper, inputs, mask, ratio } = terms;
  const weight = constantOf((r) => tf.minimum(r, hyper.ratioMax!), ratio);
  const tokenLoss = tf.neg(tf.mul(tf.mul(weight, advantages), tf.mul(inputs.logprobs, mask)));
  const clipped = tf.logicalAnd(tf.greater(ratio, hyper.ratioMax!), tf.greater(advantages, tf.scalar(0)));
  return { tokenLoss, metrics: { cispo_clip_ratio: termMean(tf.cast(clipped, 'float32'), terms) } };
};

export const cispo: LossDefinition = {
  surrogate,
  // The bound that ScaleRL (https://arxiv.org/abs/2510.13786) settled on.
  options: { ratioMax: 5, importanceLevel: 'token' },
  advantage: { estimator: 'grpo' },
  hyper({ ratioMax }) {
    if (ratioMax === undefined)
      throw new InputError('cispo needs ratioMax, the upper bound of the ratio (such as 5)');
    return { ratioMax };
  },
  aggregation: 'token-mean',
  trlGlobalTokens: true,
};
