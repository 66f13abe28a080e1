import { z } from 'zod';
import * as tf from '../../../engine/tfjs.ts';
import { clipBounds, clipRange } from '../terms/clipped.ts';
import { type DualClipped, dualClipped } from '../terms/dual-clipped.ts';
import { tokenMean } from '../terms/metrics.ts';
import { aggregation } from '../terms/options.ts';
import { defineLoss, type PolicyTerms } from '../terms/types.ts';

/**
 * PPO's clipped policy loss, https://arxiv.org/abs/1707.06347, averaged over tokens. With `dualClip` c the loss of a
 * token with negative advantage is capped at −c·A (dual clip, https://arxiv.org/abs/1912.09729), so that a huge ratio
 * cannot blow it up. TRL's PPO has no dual clip; verl's is verl/vanilla.ts.
 * Departs from TRL in its metrics: val/ratio and policy/approxkl_avg are means over loss tokens, not over padding too.
 */
export const ppo = defineLoss({
  options: {
    ...clipRange(0.2),
    dualClip: z.number().gt(1).optional().describe('cap of the loss where the advantage is negative'),
    ...aggregation('token-mean'),
  },
  surrogate: (terms, { dualClip }) => {
    const result = dualClipped(terms, terms.logRatio, dualClip);
    return { tokenLoss: result.tokenLoss, metrics: metrics(terms, result) };
  },
  hyper: (options) => ({
    ...clipBounds(options),
    ...(options.dualClip !== undefined && { dualClip: options.dualClip }),
  }),
  advantage: { estimator: 'gae' },
});

function metrics(terms: PolicyTerms, { logRatio, ratio, clipped, lower }: DualClipped) {
  const half = tf.mul(tf.scalar(0.5), tf.square(logRatio));
  return {
    'policy/clipfrac_avg': tokenMean(clipped, terms),
    'policy/approxkl_avg': tokenMean(half, terms),
    'val/ratio': tokenMean(ratio, terms),
    ...(lower && { 'policy/clipfrac_lower_avg': tokenMean(lower, terms) }),
  };
}
