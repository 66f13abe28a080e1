import type { LossDefinition } from '../terms/types.ts';
import { ppo } from './ppo.ts';

/** verl's `vanilla` policy loss: PPO's clip with dual clip (c = 3) on log-ratios within ±20, averaged over tokens. */
export const verlPpo: LossDefinition = { ...ppo, options: { ...ppo.options, dualClip: 3 } };

/** GRPO as verl runs it: the same loss, with other advantages. */
export const verlGrpo: LossDefinition = { ...verlPpo, advantage: { estimator: 'grpo' } };

/** DAPO's recipe for verl: clip-higher, and a dual clip that hardly ever acts. */
export const verlDapo: LossDefinition = {
  ...verlGrpo,
  options: { ...ppo.options, clipEpsilonHigh: 0.28, dualClip: 10 },
};

/** verl's form of Dr. GRPO: no division by the std, token losses summed and divided by a constant. */
export const verlDrGrpo: LossDefinition = {
  ...verlGrpo,
  advantage: { estimator: 'grpo', scaleRewards: 'none' },
  aggregation: 'seq-mean-token-sum-norm',
};
