import { logLikelihood } from '../terms/log-likelihood.ts';
import { aggregation } from '../terms/options.ts';
import { defineLoss } from '../terms/types.ts';

/**
 * GPG (group policy gradient), https://arxiv.org/abs/2504.02546: −A·log π averaged over tokens. Its other half is the
 * advantage estimator of the same name.
 */
export const gpg = defineLoss({
  options: aggregation('token-mean'),
  surrogate: logLikelihood,
  advantage: { estimator: 'gpg' },
});
