import * as tf from '../../engine/tfjs.ts';
import { constantOf } from '../statistics/stop-gradient.ts';
import type { KlEstimator } from './types.ts';

/** |log π − log π_ref|, verl's `abs`: a distance rather than an estimate of the KL. Its gradient at 0 is 0. */
export const abs: KlEstimator = {
  of: (logprob, refLogprob) => Math.abs(logprob - refLogprob),
  tensor(logprobs, refLogprobs) {
    const gap = tf.sub(logprobs, refLogprobs);
    return tf.mul(
      gap,
      constantOf((x) => tf.sign(x), gap),
    );
  },
};
