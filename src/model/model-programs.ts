import type { DynamicAxes, Engine, HostTensor, Named, Program } from '../engine/engine.ts';
import { chunkRows } from '../engine/ops/logprob-head.ts';
import { takeRows } from '../engine/ops/take-rows.ts';
import * as tf from '../engine/tfjs.ts';
import { batchAxes, chunksOf, gridAxes, headChunks } from './axes/batch-axes.ts';
import type { DecodingModel } from './cache/decoding-model.ts';
import type { ModelConfig } from './config/model-config.ts';
import type { DecoderModel, LinearMap } from './decoder.ts';
import { DecodingPrograms } from './decoding-programs.ts';
import { decoderForward, logits, logprobs, type SharedBatch, sharedForward } from './forward.ts';
import type { PackedRows } from './packed-rows.ts';
import { RopeTables, ropeAngles } from './rope-tables.ts';
import type { SharedRows } from './shared-rows.ts';

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
  private readonly decodingPrograms: DecodingPrograms;

  constructor({ engine, config, linear, frozen }: ModelProgramsOptions) {
    this.config = config;
    this.linear = linear;
    this.rope = new RopeTables(config);
    this.logitsProgram = engine.compile((inputs) => this.forwardLogits(inputs), {
      name: 'logits',
      dynamicAxes: ({ ids }) => ({ ids: gridAxes(ids!), wanted: { 0: 'wanted' }, ...this.rope.axes }),
    });
    this.logprobsProgram = engine.compile((inputs) => this.forwardLogprobs(inputs), {
      name: 'logprobs',
      dynamicAxes: (inputs) => this.axes(inputs),
    });
    this.decodingPrograms = new DecodingPrograms({
      engine,
      config,
      frozen,
      decoder: (inputs) => this.decoder(inputs),
      ropeAxes: this.rope.axes,
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
      ...this.rows(packed),
      temperature: scalarInput(temperature),
    });
    return { logprobs: out.logprobs!, entropy: out.entropy! };
  }

  /** Returns the model for the decoding loop, with these weights. */
  decoding(weights: ModelWeights): DecodingModel {
    return this.decodingPrograms.model((tokens) => this.inputs(weights, tokens));
  }

  async dispose(): Promise<void> {
    const programs = [this.logitsProgram, this.logprobsProgram, this.decodingPrograms];
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

  /** The dynamic axes of the rotary tables among a program's inputs. */
  get ropeAxes(): DynamicAxes {
    return this.rope.axes;
  }

  /** Name of the head's weight, which maps hidden states to logits. */
  get headWeight(): string {
    return this.config.tieWordEmbeddings ? EMBEDDING : HEAD;
  }

  /** Returns weights, and rotary tables for texts of so many tokens, as program inputs. */
  inputs({ base, adapter }: ModelWeights, tokens: number): Named<HostTensor> {
    return { ...base, ...adapter, ...this.rope.upTo(tokens) };
  }

  /** Returns packed or shared rows as program inputs, with the chunks of their logits. */
  rows(rows: PackedRows | SharedRows): Named<HostTensor> {
    const chunks = headChunks(rows.targets.shape[0]!, chunkRows(this.config.vocabSize));
    if ('owners' in rows) return { ...rows, ...chunks };
    const { prefixIds, prefixLengths, ids, targets } = rows;
    return { prefixIds, prefixLengths, ids, targets, ...chunks };
  }

  /**
   * The dynamic axes of packed or shared rows and of the rotary tables. `columns` are the names of inputs with a number
   * for each row or token.
   */
  axes(inputs: Named<HostTensor>, columns: readonly string[] = []): DynamicAxes {
    return { ...batchAxes(inputs, columns), ...this.rope.axes };
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
}

/**
 * Computes the final hidden states of packed rows, [B·T, D], or of the predicting tokens of shared rows, [N, D].
 * `inputs` has the names of `ModelPrograms.rows`.
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
  options: Omit<NonNullable<Parameters<typeof logprobs>[2]>, 'chunk' | 'chunks'> = {},
): { readonly logprobs: tf.Tensor2D; readonly entropy: tf.Tensor2D } {
  const targets = inputs.targets as tf.Tensor1D;
  const shape = (inputs.owners ? [1, targets.shape[0]] : inputs.ids!.shape) as [number, number];
  const { count, size } = chunksOf(inputs);
  const out = logprobs(
    model,
    { hidden, targets, temperature: inputs.temperature as tf.Scalar },
    { ...options, chunk: size, chunks: count },
  );
  return { logprobs: tf.reshape(out.logprobs, shape), entropy: tf.reshape(out.entropy, shape) };
}

/** The number of tokens that the longest text of packed or shared rows may have. */
export const longestText = (rows: PackedRows | SharedRows): number =>
  rows.ids.shape[1]! + ('owners' in rows ? 0 : rows.prefixIds.shape[1]!);

/** Returns a number as a program input. */
export const scalarInput = (value: number): HostTensor => ({
  data: Float32Array.of(value),
  shape: [],
  dtype: 'float32',
});
