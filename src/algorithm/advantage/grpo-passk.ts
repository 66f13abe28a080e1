import { InputError } from '../../errors.ts';
import { positive } from '../../options/ranges.ts';
import { nanStd } from '../statistics/nan-statistics.ts';
import { withinGroups } from './outcome.ts';
import { scaleRewards } from './scale-rewards.ts';
import { defineEstimator } from './types.ts';

/**
 * Pass@k policy gradient, https://arxiv.org/abs/2503.19595: of each group only the best completion learns, with the
 * margin to the second best, (max − second)/(std + eps); as in verl not divided with scaleRewards 'none'. Of several
 * best ones the first is taken (its margin is 0 anyway).
 * @throws InputError when a group has a single completion.
 */
export const grpoPassK = defineEstimator({
  options: { eps: positive.default(1e-6).describe('added to the std') },
  beside: scaleRewards,
  estimate: (batch, { scaleRewards, eps }) => {
    const advantages = withinGroups(batch, (rewards) => {
      if (rewards.length < 2) throw new InputError('grpo_passk needs at least 2 completions a group, got 1');
      const [best, second] = [...rewards].sort((a, b) => b - a);
      const margin = (best! - second!) / (scaleRewards === 'none' ? 1 : nanStd(rewards) + eps);
      const winner = rewards.indexOf(best!);
      return rewards.map((_, i) => (i === winner ? margin : 0));
    });
    return { advantages, metrics: {} };
  },
});
