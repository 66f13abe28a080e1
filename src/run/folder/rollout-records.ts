import type { TrainBatch } from '../../policy/batch/train-batch.ts';
import type { Message } from '../../types.ts';

/** One line of rollouts.jsonl: a completion that was trained on. */
export interface RolloutRecord {
  /** The optimiser step that trained on it first. */
  readonly step: number;
  readonly task: string;
  readonly prompt: readonly Message[];
  readonly completion: string;
  /** The conversation after the prompt, where the environment answered; the completion is its last turn. */
  readonly turns?: readonly Message[];
  /** Scores by reward name; null where a reward does not apply. */
  readonly rewards: Readonly<Record<string, number | null>>;
  /** Sum of the weighted scores; null where no reward applied. In memory NaN, which JSON has no word for. */
  readonly reward: number | null;
  readonly advantage: number | null;
  readonly beta: number;
  readonly policy_version: number;
  readonly finish_reason: string;
  readonly tokens: number;
}

/** A batch's completions as lines of rollouts.jsonl; none for examples. */
export function rolloutRecords(
  batch: TrainBatch,
  step: number,
  rewardNames: readonly string[],
): RolloutRecord[] {
  if (batch.objective === 'sft') return [];
  return batch.rollouts.map((rollout) => ({
    step,
    task: rollout.task.id,
    prompt: rollout.messages,
    completion: rollout.text,
    ...(rollout.turns && rollout.turns.length > 1 && { turns: rollout.turns }),
    rewards: Object.fromEntries(rewardNames.map((name, f) => [name, rollout.scores[f]!])),
    reward: rollout.reward,
    advantage: rollout.advantage,
    beta: rollout.beta,
    policy_version: rollout.policyVersion,
    finish_reason: rollout.finishReason,
    tokens: rollout.tokenIds.length,
  }));
}
