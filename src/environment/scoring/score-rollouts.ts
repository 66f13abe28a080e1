import type { Rollout, ScoredRollout } from '../../types.ts';
import { frozenCopy } from '../user-code/frozen-copy.ts';
import { weightedRewards } from './aggregate-scores.ts';
import { callReward, type NamedReward } from './call-reward.ts';
import { continued } from './continued.ts';
import { LoggedMetrics } from './logged-metrics.ts';

export interface ScoreContext {
  readonly rewards: readonly NamedReward[];
  readonly step: number;
  readonly signal: AbortSignal;
  /** Held-out tasks are scored, not what is trained on. */
  readonly evaluating?: boolean;
}

/** Rollouts with their scores, and the means of what the rewards logged. */
export interface Scored {
  readonly rollouts: readonly ScoredRollout[];
  readonly metrics: Readonly<Record<string, number>>;
}

/**
 * Scores B rollouts: each reward function is called once with all of them, all functions at the same time. A
 * completion's reward is Σ weight · score over the rewards that apply to it.
 * @throws RunError as `callReward` does.
 */
export async function scoreRollouts(rollouts: readonly Rollout[], context: ScoreContext): Promise<Scored> {
  const { rewards, evaluating, step, signal } = context;
  const logged = new LoggedMetrics();
  const data = rewardData(rollouts);
  const columns = await Promise.all(
    rewards.map((reward) => {
      const logMetric = logged.of(reward.name);
      return callReward(reward, { ...data, step, signal, logMetric }, evaluating);
    }),
  );
  const totals = weightedRewards(
    columns,
    rewards.map(({ weight }) => weight),
  );
  return {
    rollouts: rollouts.map((rollout, b) => ({
      ...rollout,
      scores: columns.map((column) => column[b]!),
      reward: totals[b]!,
    })),
    metrics: logged.means(),
  };
}

/**
 * What rewards see of B rollouts. A copy that can't be changed: no reward can corrupt training, or what another reward
 * sees.
 */
function rewardData(rollouts: readonly Rollout[]) {
  return frozenCopy({
    tasks: rollouts.map(({ task }) => task),
    prompts: rollouts.map(({ messages }) => messages),
    completions: rollouts.map(({ text }) => text),
    completionIds: rollouts.map(({ tokenIds }) => tokenIds),
    ...(rollouts.every(({ promptText }) => promptText !== undefined) && {
      promptTexts: rollouts.map(({ promptText }) => promptText!),
    }),
    messages: rollouts.map(({ messages, turns, text }) =>
      continued(messages, turns ?? [{ role: 'assistant', content: text }]),
    ),
  });
}
