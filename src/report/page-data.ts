import type { ExperimentResults } from './experiment-results.ts';
import type { PackedSeries } from './packed-series.ts';

// What a report's page is made of: plain data, which the page carries as JSON and its script draws.

/** An evaluation on held-out tasks. */
export interface EvalPoint {
  /** Optimiser steps that the policy had seen. */
  readonly step: number;
  readonly accuracy: number;
  /** 95 %, Wilson. */
  readonly interval: readonly [number, number];
  readonly tasks: number;
  readonly beta: number;
}

/** A completion that was trained on. */
export interface RolloutView {
  readonly step: number;
  readonly task: string;
  readonly prompt: readonly { readonly role: string; readonly content: string }[];
  readonly completion: string;
  readonly turns?: readonly { readonly role: string; readonly content: string }[];
  readonly rewards: Readonly<Record<string, number | null>>;
  readonly reward: number | null;
  readonly advantage: number | null;
  readonly beta: number;
  readonly finish: string;
  readonly tokens: number;
  /** Texts of the completion's tokens with log-probs (nats) and, where they differ, advantages; where recorded. */
  readonly tokenTexts?: readonly string[];
  readonly tokenLogprobs?: readonly (number | null)[];
  readonly tokenAdvantages?: readonly number[];
}

/** The merge verification, as verification.json holds it. */
export interface VerificationView {
  readonly ok: boolean;
  readonly problems: readonly string[];
  readonly step: number;
  readonly maxDelta: number;
  readonly tolerance: number;
  readonly baseDelta: number | null;
  readonly accuracy: number;
  readonly reloadedAccuracy: number;
  readonly answers: { readonly tasks: number; readonly equal: number; readonly nearTies: number };
}

export interface RunView {
  /** Unique in the page: the folder's path as given. */
  readonly id: string;
  /** The comparison or recipe that it belongs to; charts show the runs of one subject. */
  readonly subject: string;
  /** What it is there: runs of a group differ in the seed alone. */
  readonly group: string;
  readonly seed: number;
  /** config.json. */
  readonly config: { readonly anneal: string; readonly recipe: Readonly<Record<string, unknown>> };
  /** Planned steps. */
  readonly steps: number;
  readonly lastStep: number | null;
  /** First step with β = 0, of a run that annealed. */
  readonly betaZero: number | null;
  readonly tokens: number;
  readonly seconds: number;
  readonly metrics: Readonly<Record<string, PackedSeries>>;
  readonly evals: readonly EvalPoint[];
  readonly verification: VerificationView | null;
  /** Every so many steps, the first and the last among them. */
  readonly rollouts: readonly RolloutView[];
  /** Completions in rollouts.jsonl. */
  readonly rolloutCount: number;
  /** What the sample leaves out; '' when it leaves out nothing. */
  readonly rolloutsNote: string;
}

export interface ExperimentView {
  readonly folder: string;
  readonly results: ExperimentResults;
}

/** What is left out of what was asked for, and why: one line each. */
export type Notes = readonly string[];

export interface PageData {
  readonly anneal: string;
  readonly title: string;
  readonly notes: Notes;
  readonly runs: readonly RunView[];
  readonly experiments: readonly ExperimentView[];
  /** There when the page follows a run: the last event that the data holds. */
  readonly live?: { readonly event: string };
}
