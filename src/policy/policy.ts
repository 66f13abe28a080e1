import type { StoredAdapter } from '../adapter/stored-adapter.ts';
import type { Coefficients } from '../algorithm/coefficients.ts';
import type { SaveOptions } from '../model/save/save-model.ts';
import type { TokenBatch } from '../model/token-logits.ts';
import type { Recipe } from '../recipe/recipe.ts';
import type { WrittenTurns } from '../rollout/encode-turns.ts';
import type { SampleRequest, Sampler } from '../rollout/sampler.ts';
import type { SeenPrompt } from '../rollout/seen-prompt.ts';
import type { TextScorer } from '../rollout/text-scorer.ts';
import type { TokenAcceptance } from '../rollout/token-acceptance.ts';
import type { Rollout } from '../types.ts';
import type { Example, TrainBatch, WrittenExample } from './batch/train-batch.ts';
import type { SavedArray } from './method/trainable.ts';

/**
 * The seam between the pipeline and what it trains. The pipeline sees a policy as plain data going in and out;
 * tensors, adapters and engines stay behind it.
 */

/** The policy as it was at one moment: later updates of the policy don't reach it. */
export interface PolicySnapshot extends Sampler, TextScorer {
  /** Optimiser steps that these weights have seen. */
  readonly version: number;
  readonly beta: number;
  /**
   * The value function before each token of every rollout and after its last, [B][T + 1]. Only for policies with a
   * value function. @throws the signal's reason when that is aborted.
   */
  values(rollouts: readonly Rollout[], signal?: AbortSignal): Promise<readonly (readonly number[])[]>;
  /**
   * A prompt and the text that follows it as token ids, the token that ends a turn included.
   * @throws InputError for a text or prompt without tokens, or both together longer than the model has positions.
   */
  encodeExample(example: WrittenExample): Omit<Example, 'group'>;
  /**
   * A conversation as the texts that teach every turn of the assistant.
   * @throws InputError as `encodeExample` does, and for a conversation that does not end with a turn of the assistant.
   */
  encodeTurns(turns: WrittenTurns): readonly Omit<Example, 'group'>[];
  /**
   * How speculative sampling would fare with this draft in texts of its target, [B] in the order of the rollouts. Only
   * for objective draft. @throws the signal's reason when that is aborted.
   */
  acceptance?(rollouts: readonly Rollout[], signal?: AbortSignal): Promise<readonly TokenAcceptance[]>;
  /** Says that nobody samples from it any more: its weights need not be kept. */
  release?(): void;
}

/**
 * Numbers of one optimiser step, by TRL's names: loss, grad_norm, learning_rate, entropy, kl, clip_ratio/…
 * And compilations, the programs that the engine has compiled so far.
 */
export type UpdateMetrics = Readonly<Record<string, number>>;

/** Everything that a bit-exact continuation needs: trained weights, optimiser moments, the β schedule with its step. */
export interface PolicyState {
  readonly arrays: Readonly<Record<string, SavedArray>>;
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
  /** Of objective draft: the frozen model that the policy drafts for. */
  readonly target?: Sampler;
  /** What a person should know about the model before a run. */
  readonly notes: readonly string[];
  /** Optimiser steps taken. */
  readonly version: number;
  /** β of the step about to be taken; β(steps) after the last. */
  readonly beta: number;
  /** First step whose β is exactly 0; 0 for methods without annealing. */
  readonly betaZeroStep: number;
  /** The current weights and β, for sampling. Copies nothing, because updates make new arrays. */
  snapshot(): PolicySnapshot;
  /**
   * One optimiser step (its micro-batches inside), after which `version` and `beta` have moved on.
   * @param coefficients of the loss's KL term and entropy bonus; the recipe's own when left out.
   * @param signal is looked at before each micro-batch. @throws its reason; the policy is then as before the step.
   */
  update(batch: TrainBatch, coefficients?: Coefficients, signal?: AbortSignal): Promise<UpdateMetrics>;
  /** Skips a step's update. β and the learning rate move on as after an update. */
  skip(batch: TrainBatch): Promise<UpdateMetrics>;
  /**
   * Log-probs of every rollout's tokens under the reference policy, [B][T]. Only called when klCoef ≠ 0.
   * @throws the signal's reason when that is aborted.
   */
  referenceLogprobs(
    rollouts: readonly Rollout[],
    signal?: AbortSignal,
  ): Promise<readonly (readonly number[])[]>;
  /** Log-probs of every rollout's tokens under the policy as it is, [B][T]. @throws as `referenceLogprobs`. */
  logprobs(rollouts: readonly Rollout[], signal?: AbortSignal): Promise<readonly (readonly number[])[]>;
  /** Logits [B, T, V] of the policy as it is, adapter unmerged. */
  logits(batch: TokenBatch): Promise<{ readonly data: Float32Array; readonly shape: readonly number[] }>;
  /**
   * A task's prompt as the policy sees it: rendered by the chat template, without its oldest turns where it is too
   * long.
   */
  seenPrompt(request: SampleRequest): SeenPrompt;
  /** Whether a prompt is used, by `sampling.longPrompts`. @throws InputError for a long one that ends the run. */
  usesPrompt(request: SampleRequest): boolean;
  /** The text that each token adds, [T], as `tokenTexts` of the tokenizer gives it; absent without a tokenizer. */
  tokenTexts?(ids: readonly number[]): readonly string[];
  /** A policy that computes elsewhere answers later. */
  state(): PolicyState | Promise<PolicyState>;
  /**
   * Takes a state over, its arrays too: they may be gone for the caller afterwards.
   * @throws InputError when the state is of another model or adapter shape.
   */
  restore(state: PolicyState): Promise<void>;
  /** The adapter as it is, to be put on the recipe's model. Absent when the method has no adapter. */
  adapter?(): StoredAdapter | Promise<StoredAdapter>;
  /**
   * Writes the adapter in PEFT layout + afa.json into an empty folder, for the recipe's model, or for the model in
   * `base` where `saveBase` wrote one. Returns what a person should know about serving it. Absent when the method has
   * no adapter. @throws RefusedError while β ≠ 0.
   */
  saveAdapter?(folder: string, base?: string): Promise<readonly string[]>;
  /**
   * Writes the model that the adapter has to be put on, in Hugging Face layout. Absent where that is the recipe's: its
   * weights may be drawn at random, or changed by the adapter of `adapter.init` by more than plain LoRA can say.
   */
  saveBase?(folder: string): Promise<void>;
  /**
   * Writes the model with the adapter merged in: a folder in Hugging Face layout unless `options` say otherwise. It
   * appears whole or not at all.
   * @throws RefusedError while β ≠ 0.
   */
  saveMerged(out: string, options?: SaveOptions): Promise<void>;
  dispose(): Promise<void>;
}

/** Makes what a recipe trains. @throws InputError when the model, adapter or engine can't be had. */
export type CreatePolicy = (recipe: Recipe) => Promise<Policy>;
