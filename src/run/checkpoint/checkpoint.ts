import type { CoefficientState } from '../../algorithm/coefficients.ts';
import type { TaskPosition } from '../../environment/task-source.ts';
import type { ReadyBatch } from '../../policy/batch/train-batch.ts';
import type { PolicyState } from '../../policy/policy.ts';
import type { EvalResult, StepMetrics } from '../../types.ts';

/** The outcome of an evaluation: one line of evals.jsonl. */
export interface EvalRecord extends EvalResult {
  /** Optimiser steps that the policy had seen, and its β. */
  readonly step: number;
  readonly beta: number;
}

/** The state of the warnings, so that a resumed run goes on counting. */
export interface WatchState {
  readonly clipped: boolean;
  readonly zeroStdSteps: number;
  /** Dynamic sampling left groups that tell nothing. */
  readonly flat: boolean;
  /** The anneal moved the policy further than it may. */
  readonly jumped: boolean;
  /** Some gold answers can't be read. */
  readonly unread: boolean;
  /** Some prompts were cut. */
  readonly cut: boolean;
}

/** What is left of a step whose evaluation was still to come: its line of metrics.jsonl, and its warnings. */
export interface Unfinished {
  readonly metrics: StepMetrics;
  readonly warnings: readonly string[];
}

/** How far a run has come with drawing batches: everything that drawing another one changes. */
export interface DrawState {
  /** State of every random stream of the pipeline, by name. */
  readonly streams: Readonly<Record<string, object>>;
  /** How far tasks have been drawn, including those of waiting batches. */
  readonly tasks: TaskPosition;
  /** The coefficients of a KL penalty and an entropy bonus, as moved by what was measured. */
  readonly coefficients: CoefficientState;
  /** A moving average of the batches' mean rewards; null before the first. */
  readonly reward: number | null;
}

/** The whole state of a run after `step` optimiser steps. What follows depends on nothing else. */
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
  /**
   * Batches that are ready but not fully trained on: the one under way when it has steps left, and those drawn ahead.
   */
  readonly pending: readonly ReadyBatch[];
  readonly evals: readonly EvalRecord[];
  /** Of a checkpoint that was written before the evaluation of its step, until that has been made. */
  readonly unfinished?: Unfinished | undefined;
  readonly watch: WatchState;
  /** Tokens of prompts and completions so far. */
  readonly tokens: number;
}

/** Accuracy of the policy at exactly this step; null when it was not evaluated. */
export function accuracyAt({ evals, step }: Pick<Checkpoint, 'evals' | 'step'>): number | null {
  return evals.find((record) => record.step === step)?.accuracy ?? null;
}
