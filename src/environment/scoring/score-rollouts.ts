import type { Message, RewardBatch, Rollout, ScoredRollout } from '../../types.ts';
import { weightedRewards } from './aggregate-scores.ts';
import { callReward, type NamedReward } from './call-reward.ts';

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
 * Scores B rollouts: each reward function is called once with all of them, all functions at the same time. A completion's reward is
 * Σ weight · score over the rewards that apply to it.
 * @throws RunError as `callReward` does.
 */
export async function scoreRollouts(rollouts: readonly Rollout[], context: ScoreContext): Promise<Scored> {
  const logged = new Map<string, number[]>();
  const batch = rewardBatch(rollouts, context, (name, value) => {
    logged.set(name, [...(logged.get(name) ?? []), value]);
  });
  const columns = await Promise.all(
    context.rewards.map((reward) => callReward(reward, batch, context.evaluating)),
  );
  const weights = context.rewards.map((reward) => reward.weight);
  const rewards = weightedRewards(columns, weights);
  return {
    rollouts: rollouts.map((rollout, b) => ({
      ...rollout,
      scores: columns.map((column) => column[b]!),
      reward: rewards[b]!,
    })),
    metrics: Object.fromEntries([...logged].map(([name, values]) => [name, mean(values)])),
  };
}

function rewardBatch(
  rollouts: readonly Rollout[],
  { step, signal }: ScoreContext,
  logMetric: RewardBatch['logMetric'],
): RewardBatch {
  return {
    tasks: rollouts.map(({ task }) => task),
    prompts: rollouts.map(({ messages }) => messages),
    completions: rollouts.map(({ text }) => text),
    completionIds: rollouts.map(({ tokenIds }) => tokenIds),
    messages: rollouts.map(({ messages, turns, text }) => [...messages, ...(turns ?? [answer(text)])]),
    step,
    logMetric,
    signal,
  };
}

function answer(content: string): Message {
  return { role: 'assistant', content };
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
