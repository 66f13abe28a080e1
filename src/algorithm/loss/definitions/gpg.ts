import type { LossDefinition } from '../terms/types.ts';
import { logLikelihood } from './reinforce.ts';

/**
 * GPG (group policy gradient), https://arxiv.org/abs/2504.02546: −A·log π averaged over tokens. Its other half is the
 * advantage estimator of the same name.
 */
export const gpg: LossDefinition = {
  surrogate: logLikelihood,
  hyper: () => ({}),
  options: {},
  advantage: { estimator: 'gpg' },
  aggregation: 'token-mean',
};
