import { z } from 'zod';
import type { HostTensor, Named } from '../engine/engine.ts';
import { InputError } from '../errors.ts';
import type { ModelConfig } from '../model/config/model-config.ts';
import { partsOf, withWeights } from '../model/weights/base-weights.ts';
import { activations, placements } from './adapter-settings.ts';
import type { AdapterSpec } from './adapter-spec.ts';
import { schedule } from './anneal/schedule-settings.ts';
import { mergeAdapter } from './merge.ts';

export const afaSchema = z.strictObject({
  activation: z.enum(activations),
  placement: z.enum(placements),
  schedule,
  /** Optimiser steps of the whole run. */
  steps: z.int().positive(),
  /** Optimiser steps taken so far. */
  step: z.int().nonnegative(),
  /** β of each layer, [L]. */
  beta: z.array(z.number().min(0).max(1)),
});

/** The content of afa.json: an annealed adapter's activation, its schedule, and where it stands in the schedule. */
export type AfaState = Readonly<z.output<typeof afaSchema>>;

/** An adapter by itself, as it is stored. */
export interface StoredAdapter {
  readonly spec: AdapterSpec;
  /** A [R, in] and B [out, R] of each module, and what else it has, by PEFT's names. */
  readonly tensors: Named<HostTensor>;
  /** Weights of the model that it replaces (PEFT's modules_to_save and trained biases), by their names there. */
  readonly weights: Named<HostTensor>;
  /** Name or path of the base model. */
  readonly baseModel: string | undefined;
  /** It is for so many of its base model's first layers, which are a model of their own. */
  readonly firstLayers?: number | undefined;
  /** Absent for plain LoRA. */
  readonly afa?: AfaState | undefined;
  /** A linear adapter that is merged into the base model first, and on which this one was trained. */
  readonly under?: StoredAdapter | undefined;
}

/** A model's weights with the config that describes them. */
export interface BaseModel {
  readonly config: ModelConfig;
  readonly weights: Named<HostTensor>;
}

/** β of each layer of an adapter, [L], and the first step at which it would be 0 in all of them. */
export function annealOf(
  { afa }: StoredAdapter,
  layers: number,
): { readonly betas: readonly number[]; readonly zeroStep: number } {
  if (afa === undefined) return { betas: Array<number>(layers).fill(0), zeroStep: 0 };
  return { betas: afa.beta, zeroStep: Math.ceil(afa.schedule.fraction * afa.steps) };
}

/**
 * The model that an adapter is put on: the base, with the adapter under it merged and the weights that it replaces. A
 * head that was tied to the embeddings gets weights of its own where only one of the two is replaced, or both differ.
 */
export function mountingBase(base: BaseModel, adapter: StoredAdapter): BaseModel {
  const { config, weights } = adapter.under ? mergedBase(base, adapter.under) : base;
  const replaced = withWeights(weights, adapter.weights);
  const [head, embeddings] = [adapter.weights[HEAD], adapter.weights[EMBEDDINGS]];
  if (!config.tieWordEmbeddings || (head ?? embeddings) === undefined) return { config, weights: replaced };
  if (head && embeddings && equal(head, embeddings)) {
    const { [HEAD]: _, ...tied } = replaced;
    return { config, weights: tied };
  }
  const raw = { ...config.raw, tie_word_embeddings: false };
  return {
    config: { ...config, tieWordEmbeddings: false, raw },
    weights: head ? replaced : { ...replaced, ...partsOf(weights, EMBEDDINGS, HEAD) },
  };
}

/**
 * Whether PEFT's plain LoRA can't say what an adapter makes of its base model: it replaces weights, or what is under it
 * is more than low-rank. PEFT then has to put it on a model of its own, `mountingBase`.
 */
export function needsOwnBase({ weights, under }: Pick<StoredAdapter, 'weights' | 'under'>): boolean {
  if (Object.keys(weights).length > 0) return true;
  return under !== undefined && (under.spec.dora || under.spec.loraBias || needsOwnBase(under));
}

/** The model with an adapter merged into it. @throws RefusedError while β ≠ 0, InputError as `mergeAdapter`. */
export function mergedBase(base: BaseModel, adapter: StoredAdapter): BaseModel {
  const { config, weights } = mountingBase(base, adapter);
  return { config, weights: mergeAdapter(weights, { ...adapter, ...annealOf(adapter, config.layers) }) };
}

/** @throws InputError when an adapter is of a model with another number of layers. */
export function checkLayers({ beta }: AfaState, { layers }: ModelConfig, where: string): void {
  if (beta.length === layers) return;
  throw new InputError(
    `${where}: the adapter is for a model of ${beta.length} layers, this one has ${layers}`,
  );
}

const EMBEDDINGS = 'model.embed_tokens.weight';
/** Name of the head's weight. A model whose head is tied to its embeddings has none. */
export const HEAD = 'lm_head.weight';

const equal = (a: HostTensor, b: HostTensor) => a.data.every((value, i) => value === b.data[i]);
