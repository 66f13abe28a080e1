import type { RewardFunction } from '../../../src/types.ts';

/** A reward that waits in each call until `end` ends the last one, and the signals of its calls. */
export function waitingReward() {
  const signals: AbortSignal[] = [];
  let end = () => {};
  const reward: RewardFunction = ({ completions, signal }) => {
    signals.push(signal);
    return new Promise((resolve) => {
      end = () => resolve(completions.map(() => 1));
    });
  };
  return { reward, signals, end: () => end() };
}
