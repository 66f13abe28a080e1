import type { Group, Message, RewardBatch, ScoredGroup } from '../../types.ts';
import { weightedRewards } from './aggregate-scores.ts';
import { callReward, type NamedReward } from './call-reward.ts';

export interface ScoreContext {
  readonly rewards: readonly NamedReward[];
  readonly step: number;
  readonly signal: AbortSignal;
  /** Held-out tasks are scored, not what is trained on. */
  readonly evaluating?: boolean;
}

/** Groups with their scores, and the means of what the rewards logged. */
export interface Scored {
  readonly groups: readonly ScoredGroup[];
  readonly metrics: Readonly<Record<string, number>>;
}

/**
 * Scores every rollout of every group: each reward function is called once with all B completions, all at the same
 * time. A completion's reward is Σ weight · score over the rewards that apply to it.
 * @throws RunError as `callReward` does.
 */
export async function scoreGroups(groups: readonly Group[], context: ScoreContext): Promise<Scored> {
  const logged = new Map<string, number[]>();
  const batch = rewardBatch(groups, context, (name, value) => {
    logged.set(name, [...(logged.get(name) ?? []), value]);
  });
  const columns = await Promise.all(
    context.rewards.map((reward) => callReward(reward, batch, context.evaluating)),
  );
  const weights = context.rewards.map((reward) => reward.weight);
  const rewards = weightedRewards(columns, weights);
  let start = 0;
  const scored = groups.map((group) => {
    const end = start + group.rollouts.length;
    const scores = columns.map((column) => column.slice(start, end));
    const own = { scores, rewards: rewards.slice(start, end) };
    start = end;
    return { ...group, ...own };
  });
  const metrics = Object.fromEntries([...logged].map(([name, values]) => [name, mean(values)]));
  return { groups: scored, metrics };
}

function rewardBatch(
  groups: readonly Group[],
  { step, signal }: ScoreContext,
  logMetric: RewardBatch['logMetric'],
): RewardBatch {
  const rows = groups.flatMap((group) => group.rollouts.map((rollout) => ({ ...group, rollout })));
  return {
    tasks: rows.map((row) => row.task),
    prompts: rows.map((row) => row.messages),
    completions: rows.map((row) => row.rollout.text),
    completionIds: rows.map((row) => row.rollout.tokenIds),
    messages: rows.map(({ messages, rollout }) => [
      ...messages,
      ...(rollout.turns ?? [answer(rollout.text)]),
    ]),
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
