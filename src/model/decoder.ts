import type { Named } from '../engine/engine.ts';
import { gatedGelu } from '../engine/ops/gated-gelu.ts';
import { linear } from '../engine/ops/linear.ts';
import { rmsNorm } from '../engine/ops/rms-norm.ts';
import { type RotaryAngles, rotary } from '../engine/ops/rotary.ts';
import { swiglu } from '../engine/ops/swiglu.ts';
import { takeRows } from '../engine/ops/take-rows.ts';
import * as tf from '../engine/tfjs.ts';
import { EngineError } from '../errors.ts';
import type { ModelConfig } from './config/model-config.ts';
import { weightMatrix } from './weights/base-weights.ts';

// One layer of the decoder, on packed rows [N, D]. Attention and a gated MLP each read the normed stream and add their
// output to the stream. What differs between families stands in the config (`DecoderForm`).

/** Applies the linear layer of a module, such as 'model.layers.0.self_attn.q_proj', to rows: x [N, in] → [N, out]. */
export type LinearMap = (module: string, x: tf.Tensor2D) => tf.Tensor2D;

/** The model's parts inside a program. */
export interface DecoderModel {
  readonly config: ModelConfig;
  /** Weights by their names in Hugging Face's state dict. */
  readonly parameters: Named<tf.Tensor>;
  /** Computes the linear layers: `baseLinear`, or the same with an adapter. */
  readonly linear: LinearMap;
  /**
   * Tables of angles of each of the config's rotary embeddings, [positions, dim/2]. They must have at least as many
   * positions as the longest row.
   */
  readonly ropes: readonly RotaryAngles[];
  /** Set when a backward pass computes each layer again in place of keeping what is inside it. */
  readonly recompute?: Recompute;
}

/** What it takes to compute a layer again. */
export interface Recompute {
  /** Names of the parameters that need a gradient. */
  readonly trained: readonly string[];
  /** Makes the same model with some parameters in place of its own. */
  readonly withParameters: (tensors: Named<tf.Tensor>) => DecoderModel;
}

/** Returns the linear layers of the base model: W0·x, plus a bias where the model has one. */
export function baseLinear(parameters: Named<tf.Tensor>): LinearMap {
  return (module, x) =>
    linear(
      x,
      weightMatrix(parameters, `${module}.weight`),
      parameters[`${module}.bias`] as tf.Tensor1D | undefined,
    );
}

/** Returns a weight by its name. @throws EngineError when the program's inputs lack it. */
export function parameter(parameters: Named<tf.Tensor>, name: string): tf.Tensor {
  const tensor = parameters[name];
  if (tensor === undefined) throw new EngineError(`the program has no parameter "${name}"`);
  return tensor;
}

/** Looks up embeddings, scaled as the config says: ids [N] int32 → [N, D]. */
export function embed({ config, parameters }: DecoderModel, ids: tf.Tensor1D): tf.Tensor2D {
  const rows = takeRows(weightMatrix(parameters, 'model.embed_tokens.weight'), ids);
  return config.embeddingScale === 1 ? rows : tf.mul(rows, config.embeddingScale);
}

/** How the rows of a layer attend to each other. */
export interface LayerRows {
  /** Rotary angles of every row; null for a layer without. */
  readonly angles: RotaryAngles | null;
  /** Takes the rows that are needed after this layer's attention, and their angles. Absent when all rows are needed. */
  readonly queries?: {
    readonly take: (rows: tf.Tensor2D) => tf.Tensor2D;
    readonly angles: RotaryAngles | null;
  };
  /** Takes the rows that are needed after attention, [M, …] → [W, …]. Absent when all are. */
  readonly wanted?: (rows: tf.Tensor2D) => tf.Tensor2D;
  /** Attention: q [M, H·d] of the query rows, k and v [N, K·d] of all rows → [M, H·d]. */
  readonly attend: (q: tf.Tensor2D, k: tf.Tensor2D, v: tf.Tensor2D) => tf.Tensor2D;
}

/** Computes one decoder layer: x [N, D] → [M, D]. M = N unless `rows.queries` or `rows.wanted` drops rows. */
export function decoderLayer(
  model: DecoderModel,
  index: number,
  x: tf.Tensor2D,
  rows: LayerRows,
): tf.Tensor2D {
  const at = `model.layers.${index}`;
  const normed = norm(model, `${at}.input_layernorm`, x);
  const { k, v } = keysAndValues(model, index, normed, rows.angles);
  const asking = rows.queries ? rows.queries.take(normed) : normed;
  const { angles } = rows.queries ?? rows;
  const q = turnedHeads(model, `${at}.self_attn.q`, asking, angles);
  const { wanted = (all: tf.Tensor2D) => all } = rows;
  const attended = model.linear(`${at}.self_attn.o_proj`, wanted(rows.attend(q, k, v)));
  const before = wanted(rows.queries ? rows.queries.take(x) : x);
  if (!model.config.outputNorms) {
    const stream = tf.add(before, attended) as tf.Tensor2D;
    return tf.add(stream, mlp(model, index, norm(model, `${at}.post_attention_layernorm`, stream)));
  }
  const stream = tf.add(before, norm(model, `${at}.post_attention_layernorm`, attended)) as tf.Tensor2D;
  const output = mlp(model, index, norm(model, `${at}.pre_feedforward_layernorm`, stream));
  return tf.add(stream, norm(model, `${at}.post_feedforward_layernorm`, output));
}

/** Computes a layer's keys, normed and rotated, and its values from the normed input: [N, D] → [N, K·d] each. */
export function keysAndValues(
  model: DecoderModel,
  index: number,
  normed: tf.Tensor2D,
  angles: RotaryAngles | null,
): { readonly k: tf.Tensor2D; readonly v: tf.Tensor2D } {
  const at = `model.layers.${index}.self_attn`;
  return { k: turnedHeads(model, `${at}.k`, normed, angles), v: model.linear(`${at}.v_proj`, normed) };
}

/** Projects to heads (`at` ends with q or k), norms each if the model does, and rotates them: [N, D] → [N, H·d]. */
function turnedHeads(
  model: DecoderModel,
  at: string,
  x: tf.Tensor2D,
  angles: RotaryAngles | null,
): tf.Tensor2D {
  const { headDim, queryKeyNorms } = model.config;
  const projected = model.linear(`${at}_proj`, x);
  const normedHeads = () => norm(model, `${at}_norm`, tf.reshape(projected, [-1, headDim]));
  const heads: tf.Tensor2D = queryKeyNorms ? tf.reshape(normedHeads(), projected.shape) : projected;
  return angles === null ? heads : rotary(heads, angles, headDim);
}

/** Applies the RMS norm of a module: [N, D] → [N, D]. */
export function norm({ config, parameters }: DecoderModel, module: string, x: tf.Tensor2D): tf.Tensor2D {
  const weight = parameter(parameters, `${module}.weight`) as tf.Tensor1D;
  return rmsNorm(x, config.normAddsOne ? tf.add(weight, 1) : weight, config.rmsNormEps);
}

/** Computes down(σ(gate·x) ∘ up·x) with σ the model's activation: x [N, D] → [N, D]. */
function mlp(model: DecoderModel, index: number, x: tf.Tensor2D): tf.Tensor2D {
  const at = `model.layers.${index}.mlp`;
  const gated = model.config.activation === 'silu' ? swiglu : gatedGelu;
  const inner = gated(model.linear(`${at}.gate_proj`, x), model.linear(`${at}.up_proj`, x));
  return model.linear(`${at}.down_proj`, inner);
}
