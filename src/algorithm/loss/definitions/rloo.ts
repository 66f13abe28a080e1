import * as tf from '../../../engine/tfjs.ts';
import { clipBounds, clipMetrics, clipRange } from '../terms/clipped.ts';
import { pessimistic } from '../terms/pessimistic.ts';
import { defineLoss, type PolicyTerms, type SurrogateResult } from '../terms/types.ts';

/**
 * RLOO, https://arxiv.org/abs/2402.14740: the whole completion is one action, so its ratio is the product of its
 * tokens' ratios; averaged over completions. The clip is TRL's addition to the paper. Goes with advantages `rloo`.
 */
function surrogate(terms: PolicyTerms): SurrogateResult {
  const ratio = tf.exp(tf.sum(terms.logRatio, 1, true));
  return { tokenLoss: pessimistic(ratio, terms).tokenLoss, metrics: clipMetrics(terms, ratio) };
}

export const rloo = defineLoss({
  options: clipRange(0.2),
  surrogate,
  hyper: clipBounds,
  advantage: { estimator: 'rloo' },
  aggregation: 'seq-mean-token-mean',
  level: 'sequence',
});
