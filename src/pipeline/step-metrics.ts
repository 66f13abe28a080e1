import type { ReadyBatch, UpdateMetrics } from '../policy/policy.ts';
import { ownLength } from '../rollout/own-tokens.ts';
import type { EvalResult, StepMetrics } from '../types.ts';

/** Tokens of a batch as TRL counts them: prompts and what the policy wrote; for examples the update tells, which tokenised them. */
export function countTokens({ batch }: ReadyBatch, update: UpdateMetrics): number {
  if (batch.objective === 'sft') return update.num_tokens ?? 0;
  return batch.groups.reduce((sum, { promptIds, rollouts }) => {
    const completions = rollouts.reduce((length, rollout) => length + ownLength(rollout), 0);
    return sum + completions + promptIds.length * rollouts.length;
  }, 0);
}

export interface StepFacts {
  /** The step's number, from 0, and the β that it used. */
  readonly step: number;
  readonly beta: number;
  readonly ready: ReadyBatch;
  readonly update: UpdateMetrics;
  /** Tokens of this step and of the run so far. */
  readonly tokens: number;
  readonly totalTokens: number;
  /** Seconds since the step before ended: sampling, scoring and updating. */
  readonly seconds: number;
  /** The evaluation made after the step, if any. */
  readonly evaluation: EvalResult | undefined;
}

/** One line of metrics.jsonl. */
export function stepMetrics(facts: StepFacts): StepMetrics {
  const { step, beta, ready, update, tokens, totalTokens, seconds, evaluation } = facts;
  return {
    step,
    beta,
    ...ready.metrics,
    ...update,
    ...(ready.batch.objective === 'rl' && {
      policy_version: ready.policyVersion,
      off_policy_steps: step - ready.policyVersion,
    }),
    num_tokens: totalTokens,
    step_time: seconds,
    tokens_per_second: tokens / seconds,
    ...(evaluation && { eval_accuracy: evaluation.accuracy, eval_reward: evaluation.reward }),
  };
}
