import type { TaskPosition } from '../../environment/task-source.ts';
import type { PolicyState, ReadyBatch } from '../../policy/policy.ts';
import type { EvalResult } from '../../types.ts';

/** The outcome of an evaluation: one line of evals.jsonl. */
export interface EvalRecord extends EvalResult {
  /** Optimiser steps that the policy had seen, and its β. */
  readonly step: number;
  readonly beta: number;
}

/** What the warnings have seen so far: enough to go on counting. */
export interface WatchState {
  readonly clipped: boolean;
  readonly zeroStdSteps: number;
  /** Dynamic sampling left groups that tell nothing. */
  readonly flat: boolean;
  /** The anneal moved the policy further than it may. */
  readonly jumped: boolean;
  /** Some gold answers can't be read. */
  readonly unread: boolean;
}

/** How far a run has come with drawing batches: all that drawing another changes. */
export interface DrawState {
  /** State of every random stream of the pipeline, by name. */
  readonly streams: Readonly<Record<string, object>>;
  /** How far tasks have been drawn; those of batches that wait included. */
  readonly tasks: TaskPosition;
  /** Coefficient of a KL penalty in the rewards, after the last batch drawn. */
  readonly klCoef: number;
  /** A moving average of the batches' mean rewards; null before the first. */
  readonly reward: number | null;
}

/** Everything that a run consists of after `step` optimiser steps: what follows depends on this alone. */
export interface Checkpoint extends DrawState {
  readonly step: number;
  /** β of the next step, and the first step at which it is 0. */
  readonly beta: number;
  readonly betaZeroStep: number;
  /** Optimiser steps of the whole run: the horizon of the schedules. */
  readonly steps: number;
  readonly policy: PolicyState;
  /** Index of the next batch to draw. */
  readonly nextBatch: number;
  /** Batches ready but not (wholly) trained on: the one under way when it has iterations left, and those drawn ahead. */
  readonly pending: readonly ReadyBatch[];
  readonly evals: readonly EvalRecord[];
  readonly watch: WatchState;
  /** Tokens of prompts and completions so far. */
  readonly tokens: number;
}

/** Accuracy of the policy of exactly this step, where it was evaluated. */
export function accuracyOf({ evals, step }: Pick<Checkpoint, 'evals' | 'step'>): number | null {
  return evals.find((record) => record.step === step)?.accuracy ?? null;
}
