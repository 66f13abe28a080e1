import type { NamedReward } from './call-reward.ts';
import type { RewardSettings } from './reward-settings.ts';

/**
 * Gives every reward its metric name: the function's own; `reward_<i>` when it has none; with `_2`, `_3` … behind it
 * when another has the same.
 */
export function nameRewards(rewards: RewardSettings): NamedReward[] {
  const seen = new Map<string, number>();
  return rewards.map(({ reward, weight, timeout }, i) => {
    const base = reward.name === '' || reward.name === 'reward' ? `reward_${i}` : reward.name;
    const count = (seen.get(base) ?? 0) + 1;
    seen.set(base, count);
    return { name: count === 1 ? base : `${base}_${count}`, reward, weight, timeout };
  });
}
