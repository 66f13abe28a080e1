import type { ReadyBatch } from '../../policy/batch/train-batch.ts';
import type { UpdateMetrics } from '../../policy/policy.ts';
import { completionLength } from '../../rollout/completion-mask.ts';
import type { StepMetrics } from '../../types.ts';

/** Tokens of a batch as TRL counts them: prompts, and what was written after them by the policy or as a target. */
export function countTokens({ batch }: ReadyBatch): number {
  const rows = batch.objective === 'sft' ? batch.examples : batch.rollouts;
  return rows.reduce((sum, row) => sum + row.promptIds.length + completionLength(row), 0);
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
}

/** One line of metrics.jsonl, but for an evaluation made after the step. */
export function stepMetrics(facts: StepFacts): StepMetrics {
  const { step, beta, ready, update, tokens, totalTokens, seconds } = facts;
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
  };
}
