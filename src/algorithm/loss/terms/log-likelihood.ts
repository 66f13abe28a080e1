import * as tf from '../../../engine/tfjs.ts';
import type { PolicyTerms, SurrogateResult } from './types.ts';

/** −A·log π of each token, [B, T]. */
export const logLikelihood = ({ advantages, inputs, mask }: PolicyTerms): SurrogateResult => ({
  tokenLoss: tf.neg(tf.mul(tf.mul(inputs.logprobs, mask), advantages)),
  metrics: {},
});
