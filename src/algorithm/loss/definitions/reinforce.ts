import * as tf from '../../../engine/tfjs.ts';
import type { LossDefinition, Surrogate } from '../terms/types.ts';

/**
 * REINFORCE, −A·log π (Williams 1992): the policy gradient itself, without ratio or clip, for on-policy updates. Each
 * completion's tokens are summed and completions averaged, as in the score function of the whole completion.
 */
export const logLikelihood: Surrogate = ({ advantages, inputs, mask }) => ({
  tokenLoss: tf.neg(tf.mul(tf.mul(inputs.logprobs, mask), advantages)),
  metrics: {},
});

export const reinforce: LossDefinition = {
  surrogate: logLikelihood,
  hyper: () => ({}),
  options: {},
  advantage: { estimator: 'reinforce' },
  aggregation: 'seq-mean-token-sum',
};
