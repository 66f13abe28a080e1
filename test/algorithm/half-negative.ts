import { aggregation } from '../../src/algorithm/loss/terms/options.ts';
import { defineLoss } from '../../src/algorithm/loss/terms/types.ts';
import * as tf from '../../src/engine/tfjs.ts';
import { fraction } from '../../src/options/ranges.ts';

/** REINFORCE, −A·log π, in which tokens of negative advantage weigh less. */
export const halfNegative = defineLoss({
  options: {
    negativeWeight: fraction.default(0.5).describe('weight of tokens whose advantage is negative'),
    ...aggregation('token-mean'),
  },
  surrogate: ({ advantages, hyper, inputs, mask }) => {
    const negative = tf.mul(tf.relu(tf.neg(advantages)), hyper.negativeWeight!);
    const weighed = tf.mul(tf.sub(tf.relu(advantages), negative), mask);
    return { tokenLoss: tf.neg(tf.mul(inputs.logprobs, weighed)), metrics: {} };
  },
  advantage: { estimator: 'grpo' },
});
