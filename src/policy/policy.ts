import type { TokenBatch } from '../model/token-logits.ts';
import type { Recipe } from '../recipe/recipe.ts';
import type { Sampler } from '../rollout/sampler.ts';
import type { AdvantagedGroup, Group, Message, Task } from '../types.ts';

/**
 * The seam between the pipeline and what it trains. The pipeline sees a policy as plain data going in and out;
 * tensors, adapters and engines stay behind it.
 */

/** The policy as it was at one moment: later updates of the policy don't reach it. */
export interface PolicySnapshot extends Sampler {
  /** Optimiser steps that these weights have seen. */
  readonly version: number;
  readonly beta: number;
  /** The value function before each token of every rollout and after its last, [groups][G][T + 1]. Called with one only. */
  values(groups: readonly Group[]): Promise<readonly (readonly (readonly number[])[])[]>;
}

/** A group ready to be trained on. */
export interface TrainGroup extends AdvantagedGroup {
  /**
   * Log-probs of each completion's tokens under the trainer when the batch's first step was due, [G][T]; there with
   * samplerCorrection. The ratio is then taken against these, and what lies between them and the sampler's is a weight.
   */
  readonly oldLogprobs?: readonly (readonly number[])[];
}

/** A prompt and the text that supervised fine-tuning teaches after it. */
export interface Example {
  readonly task: Task;
  readonly messages: readonly Message[];
  readonly target: string;
}

/** What one optimiser step learns from. */
export type TrainBatch =
  | { readonly objective: 'rl'; readonly groups: readonly TrainGroup[] }
  | { readonly objective: 'sft'; readonly examples: readonly Example[] };

/** A batch on which nothing is left to do but train. Plain data: checkpoints hold those not yet trained on. */
export interface ReadyBatch {
  readonly index: number;
  readonly batch: TrainBatch;
  /** Version and β of the policy that the batch was drawn for. */
  readonly policyVersion: number;
  readonly beta: number;
  readonly metrics: Readonly<Record<string, number>>;
  /** Its steps have moved the policy as far as targetKl allows: those that are left pass without an update. */
  readonly farEnough: boolean;
}

/**
 * Numbers of one optimiser step, by TRL's names: loss, grad_norm, learning_rate, entropy, kl, clip_ratio/…
 * And compilations, the programs that the engine has compiled so far.
 * With objective 'sft' also num_tokens, the tokens of this batch, which only the tokenizer knows.
 */
export type UpdateMetrics = Readonly<Record<string, number>>;

/** A named array of a policy's state. */
export interface StateArray {
  readonly data: Float32Array;
  readonly shape: readonly number[];
}

/** Everything needed to continue bit-exactly: trained weights, optimiser moments, β schedule with its step. */
export interface PolicyState {
  readonly arrays: Readonly<Record<string, StateArray>>;
  /** JSON-able. */
  readonly data: Readonly<Record<string, unknown>>;
}

/** Sizes that a memory estimate needs. */
export interface PolicyDimensions {
  readonly trainableParameters: number;
  readonly totalParameters: number;
  readonly layers: number;
  readonly hiddenSize: number;
  readonly intermediateSize: number;
  readonly kvHeads: number;
  readonly headDim: number;
  readonly vocabSize: number;
}

/** The thing being trained: a model, its adapter (or all its weights), optimiser state and β schedule. */
export interface Policy {
  readonly dimensions: PolicyDimensions;
  /** Optimiser steps taken. */
  readonly version: number;
  /** β of the step about to be taken; β(steps) after the last. */
  readonly beta: number;
  /** First step whose β is exactly 0; 0 for methods without annealing. */
  readonly betaZeroStep: number;
  /** The weights and β of now, for sampling. Cheap: updates make new arrays, so nothing is copied. */
  snapshot(): PolicySnapshot;
  /** One optimiser step (its micro-batches inside), after which `version` and `beta` have moved on. */
  update(batch: TrainBatch): Promise<UpdateMetrics>;
  /** Lets a step pass without an update: β and the learning rate go on as after one. */
  pass(batch: TrainBatch): Promise<UpdateMetrics>;
  /** Log-probs of every rollout's tokens under the reference policy, [groups][G][T]. Called when klCoef ≠ 0 only. */
  referenceLogprobs(groups: readonly Group[]): Promise<readonly (readonly (readonly number[])[])[]>;
  /** Log-probs of every rollout's tokens under the policy as it is, [groups][G][T]. */
  logprobs(groups: readonly Group[]): Promise<readonly (readonly (readonly number[])[])[]>;
  /** Logits [B, T, V] of the policy as it is, adapter unmerged. */
  logits(batch: TokenBatch): Promise<{ readonly data: Float32Array; readonly shape: readonly number[] }>;
  /** A prompt's token ids through the chat template, before any truncation. */
  encodePrompt(messages: readonly Message[]): readonly number[];
  state(): PolicyState;
  /** @throws InputError when the state is of another model or adapter shape. */
  restore(state: PolicyState): Promise<void>;
  /** Writes the adapter in PEFT layout + afa.json into an empty folder. Absent when the method has no adapter. */
  saveAdapter?(folder: string): Promise<void>;
  /** Writes the model with the adapter merged in, in Hugging Face layout; the folder appears whole or not at all. @throws RefusedError while β ≠ 0. */
  saveMerged(folder: string): Promise<void>;
  dispose(): Promise<void>;
}

/** Makes what a recipe trains. @throws InputError when the model, adapter or engine can't be had. */
export type CreatePolicy = (recipe: Recipe) => Promise<Policy>;
