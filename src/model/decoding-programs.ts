import type { DynamicAxes, Engine, HostTensor, Named, Program } from '../engine/engine.ts';
import * as tf from '../engine/tfjs.ts';
import { gridAxes } from './axes/batch-axes.ts';
import type { DecodeOutputs, DecodingModel } from './cache/decoding-model.ts';
import type { KvCache } from './cache/kv-cache.ts';
import type { ModelConfig } from './config/model-config.ts';
import type { DecoderModel } from './decoder.ts';
import { logits } from './forward.ts';
import { continueForward, continuePrefill } from './forward-continue.ts';
import { decodeStep, prefill } from './forward-decode.ts';
import type { HeadKeys } from './forward-rows.ts';
import { packs, partsOf, weightOf } from './weights/base-weights.ts';

const EMBEDDING = 'model.embed_tokens.weight';
const HEAD = 'lm_head.weight';

export interface DecodingProgramsOptions {
  readonly engine: Engine;
  readonly config: ModelConfig;
  /** Makes the decoder of a program from the program's inputs. */
  readonly decoder: (inputs: Named<tf.Tensor>) => DecoderModel;
  /** Base weights that the method never changes. The decoding program holds those packed that gain by it. */
  readonly frozen?: Named<HostTensor> | undefined;
  /** Dynamic axes of the rotary tables. */
  readonly ropeAxes: DynamicAxes;
}

/** Weights, and rotary tables for texts of so many tokens, as program inputs. */
export type InputsFor = (tokens: number) => Named<HostTensor>;

/** The programs that fill a key/value cache and decode with it. */
export class DecodingPrograms {
  private readonly config: ModelConfig;
  private readonly decoder: DecodingProgramsOptions['decoder'];
  private readonly prefillProgram: Program;
  private readonly extendProgram: Program;
  private readonly decodeProgram: Program;
  private readonly verifyProgram: Program;
  /** What the decoding program holds, packed. */
  private readonly constants: Named<HostTensor>;

  constructor({ engine, config, decoder, frozen, ropeAxes }: DecodingProgramsOptions) {
    this.config = config;
    this.decoder = decoder;
    this.constants = frozen ? decodeConstants(frozen, config) : {};
    const cache = cacheNames(config.layers);
    this.prefillProgram = engine.compile((inputs) => this.forwardPrefill(inputs), {
      name: 'prefill',
      dynamicAxes: ({ ids }) => ({ ids: gridAxes(ids!), ...ropeAxes }),
    });
    this.extendProgram = engine.compile((inputs) => this.forwardExtend(inputs), {
      name: 'extend',
      mutable: cache,
      dynamicAxes: { ...ropeAxes, ...continuedAxes(cache) },
    });
    this.verifyProgram = engine.compile((inputs) => this.forwardVerify(inputs), {
      name: 'verify',
      mutable: cache,
      constants: this.constants,
      dynamicAxes: { ...ropeAxes, ...continuedAxes(cache), temperatures: { 0: 'texts*tokens' } },
    });
    this.decodeProgram = engine.compile((inputs) => this.forwardDecode(inputs), {
      name: 'decode',
      mutable: cache,
      constants: this.constants,
      dynamicAxes: {
        ...ropeAxes,
        ids: { 0: 'rows' },
        lengths: { 0: 'rows' },
        temperatures: { 0: 'rows' },
        slots: { 0: 'positions' },
        ...cacheAxes(cache, 'rows'),
      },
    });
  }

  /** Returns the model for the decoding loop. */
  model(inputs: InputsFor): DecodingModel {
    const { layers, kvHeads, headDim, vocabSize, maxPositionEmbeddings } = this.config;
    return {
      cache: { layers, kvHeads, headDim },
      vocabSize,
      maxPositions: maxPositionEmbeddings,
      prefill: async (ids) => this.keys(await this.prefillProgram.run({ ...inputs(ids.shape[1]!), ids })),
      extend: (ids, cache, first) => this.extend(inputs, { ids, cache, first }),
      step: (ids, cache, options) => this.decode(inputs, { ids, cache, ...options }),
      verify: (ids, cache, options) => this.verify(inputs, { ids, cache, ...options }),
    };
  }

  async dispose(): Promise<void> {
    const programs = [this.prefillProgram, this.extendProgram, this.decodeProgram, this.verifyProgram];
    await Promise.all(programs.map((program) => program.dispose()));
  }

  private forwardPrefill(inputs: Named<tf.Tensor>): Named<tf.Tensor> {
    return named(prefill(this.decoder(inputs), inputs.ids as tf.Tensor2D));
  }

  private forwardExtend(inputs: Named<tf.Tensor>): Named<tf.Tensor> {
    const { ids, lengths, slots, offsets } = inputs as unknown as Parameters<typeof continuePrefill>[1];
    const past = pastOf(inputs, this.config.layers);
    return named(continuePrefill(this.decoder(inputs), { ids, lengths, slots, offsets, past }));
  }

  private forwardDecode(inputs: Named<tf.Tensor>): Named<tf.Tensor> {
    const model = this.decoder(inputs);
    const { ids, lengths, slots } = inputs as unknown as Parameters<typeof decodeStep>[1];
    const step = { ids, positions: lengths, lengths, past: pastOf(inputs, this.config.layers), slots };
    return this.stepOutputs(model, decodeStep(model, step), inputs.temperatures as tf.Tensor1D);
  }

  private forwardVerify(inputs: Named<tf.Tensor>): Named<tf.Tensor> {
    const model = this.decoder(inputs);
    const { ids, lengths, slots, offsets } = inputs as unknown as Parameters<typeof continueForward>[1];
    const texts = { ids, lengths, slots, offsets, past: pastOf(inputs, this.config.layers) };
    return this.stepOutputs(model, continueForward(model, texts), inputs.temperatures as tf.Tensor1D);
  }

  /** What steps find, from the final states of their N tokens, [N, D]. */
  private stepOutputs(
    model: DecoderModel,
    { hidden, keys }: ReturnType<typeof continueForward>,
    temperatures: tf.Tensor1D,
  ): Named<tf.Tensor> {
    const ownHead = Object.keys(this.constants).some((name) => weightOf(name) === HEAD);
    const head = ownHead ? { ...model, config: { ...this.config, tieWordEmbeddings: false } } : model;
    const scaled = scaledLogits(head, hidden, temperatures);
    const probabilities = tf.softmax(scaled);
    const top = tf.topk(probabilities, 1);
    const flat = [hidden.shape[0]] as [number];
    return {
      probabilities,
      likeliest: tf.reshape(top.indices, flat),
      topProbabilities: tf.reshape(top.values, flat),
      topLogits: tf.max(scaled, -1),
      ...named(keys),
    };
  }

  private async extend(
    inputs: InputsFor,
    { ids, cache, first }: { readonly ids: HostTensor; readonly cache: KvCache; readonly first: number },
  ): Promise<readonly HostTensor[]> {
    const [texts, tokens] = ids.shape as [number, number];
    const out = await this.extendProgram.run({
      ...inputs(cache.capacity + tokens),
      ids,
      lengths: vector(cache.lengths.subarray(first, first + texts)),
      slots: vector(upTo(cache.capacity)),
      offsets: vector(upTo(tokens)),
      ...cacheInputs(cache.tensors(first, texts)),
    });
    return this.keys(out);
  }

  private async decode(
    inputs: InputsFor,
    step: { readonly ids: Int32Array; readonly cache: KvCache } & Parameters<DecodingModel['step']>[2],
  ): Promise<DecodeOutputs> {
    const { ids, cache, temperatures, drawing } = step;
    const out = await this.decodeProgram.run(
      {
        ...this.beside(inputs(cache.capacity + 1)),
        ids: vector(ids),
        lengths: vector(cache.lengths),
        slots: vector(upTo(cache.capacity)),
        temperatures: { data: temperatures, shape: [ids.length], dtype: 'float32' },
        ...cacheInputs(cache.tensors()),
      },
      this.wanted(drawing),
    );
    return this.found(out);
  }

  private async verify(
    inputs: InputsFor,
    given: { readonly ids: HostTensor; readonly cache: KvCache } & Parameters<DecodingModel['step']>[2],
  ): Promise<DecodeOutputs> {
    const { ids, cache, temperatures, drawing } = given;
    const [texts, tokens] = ids.shape as [number, number];
    const each = Float32Array.from(
      { length: texts * tokens },
      (_, i) => temperatures[Math.floor(i / tokens)]!,
    );
    const out = await this.verifyProgram.run(
      {
        ...this.beside(inputs(cache.capacity + tokens)),
        ids,
        lengths: vector(cache.lengths),
        slots: vector(upTo(cache.capacity)),
        offsets: vector(upTo(tokens)),
        temperatures: { data: each, shape: [each.length], dtype: 'float32' },
        ...cacheInputs(cache.tensors()),
      },
      this.wanted(drawing),
    );
    return this.found(out);
  }

  /** Inputs without what the decoding programs hold. */
  private beside(inputs: Named<HostTensor>): Named<HostTensor> {
    return Object.fromEntries(Object.entries(inputs).filter(([name]) => !(name in this.constants)));
  }

  /** The outputs that are wanted: all, or those without probabilities. */
  private wanted(drawing: boolean): readonly string[] | undefined {
    const small = ['likeliest', 'topProbabilities', 'topLogits', ...cacheNames(this.config.layers)];
    return drawing ? undefined : small;
  }

  private found(out: Named<HostTensor>): DecodeOutputs {
    return {
      likeliest: out.likeliest!.data,
      topProbabilities: out.topProbabilities!.data as Float32Array,
      topLogits: out.topLogits!.data as Float32Array,
      probabilities: out.probabilities?.data as Float32Array | undefined,
      tensors: this.keys(out),
    };
  }

  private keys(out: Named<HostTensor>): HostTensor[] {
    return cacheNames(this.config.layers).map((name) => out[name]!);
  }
}

/**
 * Computes logits divided by each row's temperature, [B, V]. Dividing the hidden states is cheaper, where nothing bends
 * the logits in between.
 */
function scaledLogits(model: DecoderModel, hidden: tf.Tensor2D, temperatures: tf.Tensor1D): tf.Tensor2D {
  const each = tf.reshape(temperatures, [hidden.shape[0], 1]);
  if (model.config.logitSoftcap !== null) return tf.div(logits(model, hidden), each);
  return logits(model, tf.div(hidden, each));
}

/**
 * Returns the constants of the decoding program: frozen weights that gain by being packed. A tied embedding serves
 * twice: the head holds it packed, under the head's name, and look-ups read it as an input.
 */
function decodeConstants(frozen: Named<HostTensor>, config: ModelConfig): Named<HostTensor> {
  const packed = Object.fromEntries(Object.entries(frozen).filter(([name]) => packs(name)));
  const others = Object.entries(packed).filter(([name]) => weightOf(name) !== EMBEDDING);
  const head = config.tieWordEmbeddings ? partsOf(packed, EMBEDDING, HEAD) : {};
  return { ...Object.fromEntries(others), ...head };
}

/** A list of numbers as a program input. */
export const vector = (data: Int32Array): HostTensor => ({ data, shape: [data.length], dtype: 'int32' });

/** 0 … size − 1. */
export const upTo = (size: number): Int32Array => Int32Array.from({ length: size }, (_, i) => i);

const cacheAxes = (names: readonly string[], rows: string): DynamicAxes =>
  Object.fromEntries(names.map((name) => [name, { 0: rows, 2: 'positions' }]));

/** The dynamic axes of texts that continue cached ones. */
export const continuedAxes = (names: readonly string[]): DynamicAxes => ({
  ids: { 0: 'texts', 1: 'tokens' },
  lengths: { 0: 'texts' },
  slots: { 0: 'positions' },
  offsets: { 0: 'tokens' },
  ...cacheAxes(names, 'texts'),
});

/** Returns the names of the cache's arrays, in the order of `KvCache.tensors`. */
export const cacheNames = (layers: number): string[] =>
  Array.from({ length: layers }, (_, layer) => [`cache.${layer}.k`, `cache.${layer}.v`]).flat();

/** Returns the cache's arrays as program inputs. */
export const cacheInputs = (tensors: readonly HostTensor[]): Named<HostTensor> => {
  const names = cacheNames(tensors.length / 2);
  return Object.fromEntries(tensors.map((tensor, i) => [names[i]!, tensor]));
};

/** Finds the keys and values of each layer among a program's inputs. */
export function pastOf(inputs: Named<tf.Tensor>, layers: number): HeadKeys[] {
  const names = cacheNames(layers);
  return Array.from({ length: layers }, (_, layer) => ({
    k: inputs[names[2 * layer]!] as tf.Tensor4D,
    v: inputs[names[2 * layer + 1]!] as tf.Tensor4D,
  }));
}

/** Returns keys and values as program outputs, by the cache's names. */
export function named(keys: readonly HeadKeys[]): Named<tf.Tensor> {
  const tensors = keys.flatMap(({ k, v }) => [k, v]);
  return Object.fromEntries(cacheNames(keys.length).map((name, i) => [name, tensors[i]!]));
}
