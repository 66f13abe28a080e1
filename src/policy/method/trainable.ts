import type { StoredAdapter } from '../../adapter/stored-adapter.ts';
import type { HostTensor, Named } from '../../engine/engine.ts';
import type { LinearFactory, ModelWeights } from '../../model/model-programs.ts';
import type { ReadWeight } from '../../model/weights/read-weight.ts';

/** A named array of trained numbers. */
export interface StateArray {
  readonly data: Float32Array;
  readonly shape: readonly number[];
}

/** An array as a policy's state has it: float32, or the bit patterns of bfloat16. */
export interface SavedArray {
  readonly data: Float32Array | Uint16Array;
  readonly shape: readonly number[];
}

/** What distinguishes the methods: which tensors train, and how the model computes with them. */
export interface Trainable {
  /** The tensors that train, as they start. The other members hold their shapes alone. */
  readonly initial: Readonly<Record<string, StateArray>>;
  readonly linear: LinearFactory;
  /** Weights that this method never changes. */
  readonly frozen?: Named<HostTensor>;
  /** What the model computes with, given the trained tensors and β of each layer. */
  weights(trained: Trained, betas: readonly number[]): ModelWeights;
  /**
   * The policy at step 0, for the KL term: weights that training leaves alone. Absent where it would take a copy of its
   * own and the recipe has no KL term.
   */
  reference?(): ModelWeights;
  /** Reads the weights of one plain model that computes the same. @throws RefusedError while β ≠ 0. */
  merged(trained: Trained, anneal: Anneal): ReadWeight;
  /** The adapter alone; absent for methods without one. */
  adapter?(trained: Trained, anneal: Anneal): StoredAdapter;
  /**
   * What a PEFT folder of the adapter has to be put on, where that is not the recipe's model: weights that were drawn at
   * random, or a model that the run's first adapter changed by more than PEFT's plain LoRA can say.
   */
  readonly exportBase?: Named<HostTensor>;
}

/** Trained tensors by name. */
export type Trained = Readonly<Record<string, Float32Array>>;

/** Where the anneal stands. */
export interface Anneal {
  /** Optimiser steps taken. */
  readonly step: number;
  /** β of each layer, [L]. */
  readonly betas: readonly number[];
  /** First step at which β is 0 in every layer. */
  readonly zeroStep: number;
}

/** Shapes of tensors by name. */
export type Shapes = Readonly<Record<string, readonly number[]>>;

/** The shapes of tensors, without the tensors. */
export const shapesOf = (tensors: Readonly<Record<string, Pick<StateArray, 'shape'>>>): Shapes =>
  Object.fromEntries(Object.entries(tensors).map(([name, { shape }]) => [name, shape]));

/** Trained tensors with their shapes, as program inputs. */
export function tensorsOf(shapes: Shapes, trained: Trained): Record<string, HostTensor> {
  return Object.fromEntries(
    Object.entries(shapes).map(([name, shape]) => [name, { data: trained[name]!, shape, dtype: 'float32' }]),
  );
}

/** Host tensors as the trained tensors of a method. */
export function stateOf(tensors: Named<HostTensor>): Record<string, StateArray> {
  return Object.fromEntries(
    Object.entries(tensors).map(([name, { data, shape }]) => [name, { data: data as Float32Array, shape }]),
  );
}
