import type { Named } from '../engine/engine.ts';
import { linear } from '../engine/ops/linear.ts';
import { rmsNorm } from '../engine/ops/rms-norm.ts';
import { type RotaryAngles, rotary } from '../engine/ops/rotary.ts';
import { swiglu } from '../engine/ops/swiglu.ts';
import { takeRows } from '../engine/ops/take-rows.ts';
import type * as tf from '../engine/tfjs.ts';
import { add } from '../engine/tfjs.ts';
import { EngineError } from '../errors.ts';
import type { ModelConfig } from './config/model-config.ts';

// One layer of the Llama decoder, on packed rows [N, D]. Attention and a SwiGLU MLP each read the normed stream and add
// their output to the stream.

/** Applies the linear layer of a module, such as 'model.layers.0.self_attn.q_proj', to rows: x [N, in] → [N, out]. */
export type LinearMap = (module: string, x: tf.Tensor2D) => tf.Tensor2D;

/** The model's parts inside a program. */
export interface DecoderModel {
  readonly config: ModelConfig;
  /** Weights by their names in Hugging Face's state dict. */
  readonly parameters: Named<tf.Tensor>;
  /** Computes the linear layers: `baseLinear`, or the same with an adapter. */
  readonly linear: LinearMap;
  /** Tables of angles, [positions, headDim/2]. They must have at least as many positions as the longest row. */
  readonly rope: RotaryAngles;
}

/** Returns the linear layers of the base model: W0·x, plus a bias where the model has one. */
export function baseLinear(parameters: Named<tf.Tensor>): LinearMap {
  return (module, x) =>
    linear(
      x,
      parameter(parameters, `${module}.weight`) as tf.Tensor2D,
      parameters[`${module}.bias`] as tf.Tensor1D | undefined,
    );
}

/** Returns a weight by its name. @throws EngineError when the program's inputs lack it. */
export function parameter(parameters: Named<tf.Tensor>, name: string): tf.Tensor {
  const tensor = parameters[name];
  if (tensor === undefined) throw new EngineError(`the program has no parameter "${name}"`);
  return tensor;
}

/** Looks up embeddings: ids [N] int32 → [N, D]. */
export function embed(model: DecoderModel, ids: tf.Tensor1D): tf.Tensor2D {
  return takeRows(parameter(model.parameters, 'model.embed_tokens.weight') as tf.Tensor2D, ids);
}

/** How the rows of a layer attend to each other. */
export interface LayerRows {
  /** Rotary angles of every row. */
  readonly angles: RotaryAngles;
  /** Takes the rows that are needed after this layer's attention, and their angles. Absent when all rows are needed. */
  readonly queries?: {
    readonly take: (rows: tf.Tensor2D) => tf.Tensor2D;
    readonly angles: RotaryAngles;
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
  const q = rotary(model.linear(`${at}.self_attn.q_proj`, asking), angles, model.config.headDim);
  const { wanted = (all: tf.Tensor2D) => all } = rows;
  const attended = model.linear(`${at}.self_attn.o_proj`, wanted(rows.attend(q, k, v)));
  const stream = add(wanted(rows.queries ? rows.queries.take(x) : x), attended) as tf.Tensor2D;
  return add(stream, mlp(model, index, norm(model, `${at}.post_attention_layernorm`, stream)));
}

/** Computes a layer's rotated keys and its values from the normed input: [N, D] → [N, K·d] each. */
export function keysAndValues(
  model: DecoderModel,
  index: number,
  normed: tf.Tensor2D,
  angles: RotaryAngles,
): { readonly k: tf.Tensor2D; readonly v: tf.Tensor2D } {
  const at = `model.layers.${index}.self_attn`;
  const k = rotary(model.linear(`${at}.k_proj`, normed), angles, model.config.headDim);
  return { k, v: model.linear(`${at}.v_proj`, normed) };
}

/** Applies the RMS norm of a module: [N, D] → [N, D]. */
export function norm(model: DecoderModel, module: string, x: tf.Tensor2D): tf.Tensor2D {
  const weight = parameter(model.parameters, `${module}.weight`) as tf.Tensor1D;
  return rmsNorm(x, weight, model.config.rmsNormEps);
}

/** Computes down(silu(gate·x) ∘ up·x): x [N, D] → [N, D]. */
function mlp(model: DecoderModel, index: number, x: tf.Tensor2D): tf.Tensor2D {
  const at = `model.layers.${index}.mlp`;
  const inner = swiglu(model.linear(`${at}.gate_proj`, x), model.linear(`${at}.up_proj`, x));
  return model.linear(`${at}.down_proj`, inner);
}
