import type { TrainBatch, TrainRollout } from '../../policy/batch/train-batch.ts';
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
  /**
   * The completion token by token, of a batch's first prompt alone: of all prompts it would double the file. Texts, and
   * log-probs in nats, null where the environment wrote; advantages where they differ between tokens.
   */
  readonly token_texts?: readonly string[];
  readonly token_logprobs?: readonly (number | null)[];
  readonly token_advantages?: readonly number[];
}

/**
 * A batch's completions as lines of rollouts.jsonl; none for examples, nor for a draft's texts, which have no rewards.
 * @param tokenTexts gives the text of each token; without it no record has tokens.
 */
export function rolloutRecords(
  batch: TrainBatch,
  step: number,
  rewardNames: readonly string[],
  tokenTexts?: (ids: readonly number[]) => readonly string[],
): RolloutRecord[] {
  if (batch.objective !== 'rl') return [];
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
    ...(tokenTexts && rollout.group === batch.rollouts[0]!.group && tokenFields(rollout, tokenTexts)),
  }));
}

type TokenFields = Pick<RolloutRecord, 'token_texts' | 'token_logprobs' | 'token_advantages'>;

function tokenFields(
  { tokenIds, logprobs, completionMask, tokenAdvantages }: TrainRollout,
  tokenTexts: (ids: readonly number[]) => readonly string[],
): TokenFields {
  const own = (t: number) => completionMask?.[t] !== 0;
  return {
    token_texts: tokenTexts(tokenIds),
    token_logprobs: logprobs.map((logprob, t) => (own(t) ? Number(logprob.toFixed(3)) : null)),
    ...(tokenAdvantages && {
      token_advantages: tokenAdvantages.slice(0, tokenIds.length).map((value) => Number(value.toFixed(3))),
    }),
  };
}
