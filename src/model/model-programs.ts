import type { Engine, HostTensor, Named, Program } from '../engine/engine.ts';
import { takeRows } from '../engine/ops/take-rows.ts';
import * as tf from '../engine/tfjs.ts';
import type { ModelConfig } from './config/model-config.ts';
import type { DecoderModel, LinearMap } from './decoder.ts';
import type { DecodingModel } from './decoding-model.ts';
import { decoderForward, logits, logprobs, type SharedBatch, sharedForward } from './forward.ts';
import { decodeStep, prefill } from './forward-decode.ts';
import type { KvCache } from './kv-cache.ts';
import type { PackedRows } from './packed-rows.ts';
import { RopeTables, ropeAngles } from './rope-tables.ts';
import type { SharedRows } from './shared-rows.ts';
import { packs, partsOf, weightOf } from './weights/base-weights.ts';

/** A model's tensors at one moment. A new version is a new record with new arrays. */
export interface ModelWeights {
  /** The base weights, by their names in Hugging Face's state dict. */
  readonly base: Named<HostTensor>;
  /** The adapter's tensors, and β if it anneals. Empty without an adapter. */
  readonly adapter: Named<HostTensor>;
  /** The tensors of the value head. Only programs that compute values use them. */
  readonly valueHead?: Named<HostTensor>;
}

/** Makes the linear layers of a program from its inputs. */
export type LinearFactory = (inputs: Named<tf.Tensor>) => LinearMap;

export interface ModelProgramsOptions {
  readonly engine: Engine;
  readonly config: ModelConfig;
  readonly linear: LinearFactory;
  /** Base weights that the method never changes. The decoding program holds those packed that gain by it. */
  readonly frozen?: Named<HostTensor>;
}

const EMBEDDING = 'model.embed_tokens.weight';
const HEAD = 'lm_head.weight';

/** A model's forward computations. They are compiled once and run on the weights that each call passes. */
export class ModelPrograms {
  readonly config: ModelConfig;
  /** Rotary tables, inputs of every program. */
  private readonly rope: RopeTables;
  private readonly linear: LinearFactory;
  private readonly logitsProgram: Program;
  private readonly logprobsProgram: Program;
  private readonly prefillProgram: Program;
  private readonly decodeProgram: Program;
  /** What the decoding program holds, packed. */
  private readonly constants: Named<HostTensor>;

  constructor({ engine, config, linear, frozen }: ModelProgramsOptions) {
    this.config = config;
    this.linear = linear;
    this.constants = frozen ? decodeConstants(frozen, config) : {};
    this.rope = new RopeTables(config);
    this.logitsProgram = engine.compile((inputs) => this.forwardLogits(inputs), { name: 'logits' });
    this.logprobsProgram = engine.compile((inputs) => this.forwardLogprobs(inputs), { name: 'logprobs' });
    this.prefillProgram = engine.compile((inputs) => this.forwardPrefill(inputs), {
      name: 'prefill',
      dynamicAxes: { ids: { 0: 'prompts' } },
    });
    this.decodeProgram = engine.compile((inputs) => this.forwardDecode(inputs), {
      name: 'decode',
      dynamicAxes: this.decodeAxes(),
      mutable: cacheNames(config.layers),
      constants: this.constants,
    });
  }

  /**
   * Computes the logits of right-padded rows: ids [B, T] → [B, T, V].
   * @param wanted the tokens whose logits are computed, as indices into the B·T tokens, [N] → [N, V].
   */
  async logits(weights: ModelWeights, ids: HostTensor, wanted?: HostTensor): Promise<HostTensor> {
    const inputs = { ...this.inputs(weights, ids.shape[1]!), ids };
    const { logits } = await this.logitsProgram.run(wanted ? { ...inputs, wanted } : inputs);
    return logits!;
  }

  /** Computes the log-probs (nats) of the targets at a temperature, and the entropies, [B, T] each. */
  async logprobs(
    weights: ModelWeights,
    packed: PackedRows,
    temperature: number,
  ): Promise<{ readonly logprobs: HostTensor; readonly entropy: HostTensor }> {
    const out = await this.logprobsProgram.run({
      ...this.inputs(weights, longestText(packed)),
      ...packedInputs(packed),
      temperature: scalarInput(temperature),
    });
    return { logprobs: out.logprobs!, entropy: out.entropy! };
  }

  /** Returns the model for the decoding loop, with these weights. */
  decoding(weights: ModelWeights): DecodingModel {
    const { layers, kvHeads, headDim, vocabSize, maxPositionEmbeddings } = this.config;
    return {
      cache: { layers, kvHeads, headDim },
      vocabSize,
      maxPositions: maxPositionEmbeddings,
      prefill: async (ids) => {
        const out = await this.prefillProgram.run({ ...this.inputs(weights, ids.shape[1]!), ids });
        return cacheNames(layers).map((name) => out[name]!);
      },
      step: (ids, cache, temperature) => this.decode(weights, { ids, cache, temperature }),
    };
  }

  async dispose(): Promise<void> {
    const programs = [this.logitsProgram, this.logprobsProgram, this.prefillProgram, this.decodeProgram];
    await Promise.all(programs.map((program) => program.dispose()));
  }

  /**
   * Makes the decoder of a program from the program's inputs. With `recomputedFor`, the names of the inputs that need a
   * gradient, the backward pass computes each layer again.
   */
  decoder(inputs: Named<tf.Tensor>, recomputedFor?: readonly string[]): DecoderModel {
    return {
      config: this.config,
      parameters: inputs,
      linear: this.linear(inputs),
      ropes: ropeAngles(this.config, inputs),
      ...(recomputedFor && {
        recompute: {
          trained: recomputedFor,
          withParameters: (tensors) => this.decoder({ ...inputs, ...tensors }),
        },
      }),
    };
  }

  /** Name of the head's weight, which maps hidden states to logits. */
  get headWeight(): string {
    return this.config.tieWordEmbeddings ? EMBEDDING : HEAD;
  }

  /** Returns weights, and rotary tables for texts of so many tokens, as program inputs. */
  inputs({ base, adapter }: ModelWeights, tokens: number): Named<HostTensor> {
    return { ...base, ...adapter, ...this.rope.upTo(tokens) };
  }

  private forwardLogits(inputs: Named<tf.Tensor>): Named<tf.Tensor> {
    const model = this.decoder(inputs);
    const ids = inputs.ids as tf.Tensor2D;
    const hidden = decoderForward(model, { ids });
    if (inputs.wanted) return { logits: logits(model, takeRows(hidden, inputs.wanted as tf.Tensor1D)) };
    return { logits: tf.reshape(logits(model, hidden), [...ids.shape, -1]) };
  }

  private forwardLogprobs(inputs: Named<tf.Tensor>): Named<tf.Tensor> {
    const model = this.decoder(inputs);
    return packedLogprobs(model, { hidden: packedHidden(model, inputs), inputs }, { forwardOnly: true });
  }

  private forwardPrefill(inputs: Named<tf.Tensor>): Named<tf.Tensor> {
    const keys = prefill(this.decoder(inputs), inputs.ids as tf.Tensor2D);
    return named(
      this.config.layers,
      keys.flatMap(({ k, v }) => [k, v]),
    );
  }

  private forwardDecode(inputs: Named<tf.Tensor>): Named<tf.Tensor> {
    const model = this.decoder(inputs);
    const names = cacheNames(this.config.layers);
    const past = Array.from({ length: this.config.layers }, (_, layer) => ({
      k: inputs[names[2 * layer]!] as tf.Tensor4D,
      v: inputs[names[2 * layer + 1]!] as tf.Tensor4D,
    }));
    const [ids, lengths, slots] = [inputs.ids, inputs.lengths, inputs.slots] as [
      tf.Tensor1D,
      tf.Tensor1D,
      tf.Tensor1D,
    ];
    const { hidden, keys } = decodeStep(model, { ids, positions: lengths, lengths, past, slots });
    const ownHead = Object.keys(this.constants).some((name) => weightOf(name) === HEAD);
    const head = ownHead ? { ...model, config: { ...this.config, tieWordEmbeddings: false } } : model;
    const scaled = tf.div(logits(head, hidden), inputs.temperature!);
    return {
      probabilities: tf.softmax(scaled),
      topLogits: tf.max(scaled, -1),
      ...named(
        this.config.layers,
        keys.flatMap(({ k, v }) => [k, v]),
      ),
    };
  }

  private async decode(
    weights: ModelWeights,
    step: { readonly ids: Int32Array; readonly cache: KvCache; readonly temperature: number },
  ) {
    const names = cacheNames(this.config.layers);
    const { ids, cache, temperature } = step;
    const all = Object.entries(this.inputs(weights, cache.capacity + 1));
    const free = all.filter(([name]) => !(name in this.constants));
    const out = await this.decodeProgram.run({
      ...Object.fromEntries(free),
      ids: { data: ids, shape: [ids.length], dtype: 'int32' },
      lengths: { data: cache.lengths, shape: [ids.length], dtype: 'int32' },
      slots: {
        data: Int32Array.from({ length: cache.capacity }, (_, i) => i),
        shape: [cache.capacity],
        dtype: 'int32',
      },
      temperature: scalarInput(temperature),
      ...Object.fromEntries(cache.tensors().map((tensor, i) => [names[i]!, tensor])),
    });
    return {
      probabilities: out.probabilities!.data as Float32Array,
      topLogits: out.topLogits!.data as Float32Array,
      tensors: names.map((name) => out[name]!),
    };
  }

  private decodeAxes() {
    const cache = cacheNames(this.config.layers).map(
      (name) => [name, { 0: 'rows', 2: 'positions' }] as const,
    );
    return {
      ids: { 0: 'rows' },
      lengths: { 0: 'rows' },
      slots: { 0: 'positions' },
      ...Object.fromEntries(cache),
    };
  }
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

/**
 * Computes the final hidden states of packed rows, [B·T, D], or of the predicting tokens of shared rows, [N, D].
 * `inputs` has the names of `packedInputs`.
 */
export function packedHidden(model: DecoderModel, inputs: Named<tf.Tensor>): tf.Tensor2D {
  if (inputs.owners) return sharedForward(model, inputs as unknown as SharedBatch);
  const prefix = { ids: inputs.prefixIds as tf.Tensor2D, lengths: inputs.prefixLengths as tf.Tensor1D };
  return decoderForward(model, { prefix, ids: inputs.ids as tf.Tensor2D });
}

/**
 * Computes log-probs and entropies from the hidden states of `packedHidden`: [B, T] each of packed rows, [1, N] of
 * shared rows.
 */
export function packedLogprobs(
  model: DecoderModel,
  { hidden, inputs }: { readonly hidden: tf.Tensor2D; readonly inputs: Named<tf.Tensor> },
  options: Parameters<typeof logprobs>[2] = {},
): { readonly logprobs: tf.Tensor2D; readonly entropy: tf.Tensor2D } {
  const targets = inputs.targets as tf.Tensor1D;
  const shape = (inputs.owners ? [1, targets.shape[0]] : inputs.ids!.shape) as [number, number];
  const out = logprobs(model, { hidden, targets, temperature: inputs.temperature as tf.Scalar }, options);
  return { logprobs: tf.reshape(out.logprobs, shape), entropy: tf.reshape(out.entropy, shape) };
}

/** The number of tokens that the longest text of packed or shared rows may have. */
export const longestText = (rows: PackedRows | SharedRows): number =>
  rows.ids.shape[1]! + ('owners' in rows ? 0 : rows.prefixIds.shape[1]!);

/** Returns packed or shared rows as program inputs. */
export function packedInputs(rows: PackedRows | SharedRows): Named<HostTensor> {
  if ('owners' in rows) return { ...rows };
  const { prefixIds, prefixLengths, ids, targets } = rows;
  return { prefixIds, prefixLengths, ids, targets };
}

/** Returns a number as a program input. */
export const scalarInput = (value: number): HostTensor => ({
  data: Float32Array.of(value),
  shape: [],
  dtype: 'float32',
});

/** Returns the names of the cache's arrays, in the order of `KvCache.tensors`. */
const cacheNames = (layers: number): string[] =>
  Array.from({ length: layers }, (_, layer) => [`cache.${layer}.k`, `cache.${layer}.v`]).flat();

function named(layers: number, tensors: readonly tf.Tensor[]): Named<tf.Tensor> {
  return Object.fromEntries(cacheNames(layers).map((name, i) => [name, tensors[i]!]));
}
