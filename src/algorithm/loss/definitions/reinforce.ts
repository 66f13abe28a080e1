import { logLikelihood } from '../terms/log-likelihood.ts';
import { aggregation } from '../terms/options.ts';
import { defineLoss } from '../terms/types.ts';

/**
 * REINFORCE, −A·log π (Williams 1992): the policy gradient itself, without ratio or clip, for on-policy updates. Each
 * completion's tokens are summed and completions averaged, as in the score function of the whole completion.
 */
export const reinforce = defineLoss({
  options: aggregation('seq-mean-token-sum'),
  surrogate: logLikelihood,
  advantage: { estimator: 'reinforce' },
});
