import { createEagerEngine } from '../../src/engine/eager/eager-engine.ts';
import type { Engine, HostTensor, Named } from '../../src/engine/engine.ts';
import { createOnnxEngine } from '../../src/engine/onnx/onnx-engine.ts';
import * as tf from '../../src/engine/tfjs.ts';
import type { ModelConfig } from '../../src/model/config/model-config.ts';
import { baseLinear, type DecoderModel, type LinearMap } from '../../src/model/decoder.ts';
import { parseModelConfig } from '../../src/model/families/parse-config.ts';
import { type DecoderBatch, decoderForward, logits, logprobs } from '../../src/model/forward.ts';
import { ropeAngles } from '../../src/model/rope-tables.ts';
import { hasTfjsNode } from '../engine/tfjs-node.ts';

/** The engines that model and adapter tests run on; node where it is installed. */
export const engines: readonly [name: string, open: () => Promise<Engine>][] = [
  ['cpu', () => createEagerEngine('cpu')],
  ['onnx', () => createOnnxEngine({ threads: 1 })],
  ...(hasTfjsNode ? [['node', () => createEagerEngine('node')] as [string, () => Promise<Engine>]] : []),
];

export type Weights = Named<HostTensor>;

export const int32 = (rows: readonly (readonly number[])[]): HostTensor => ({
  data: Int32Array.from(rows.flat()),
  shape: [rows.length, rows[0]!.length],
  dtype: 'int32',
});
export const int32s = (values: readonly number[]): HostTensor => ({
  data: Int32Array.from(values),
  shape: [values.length],
  dtype: 'int32',
});
export const scalar = (value: number): HostTensor => ({
  data: Float32Array.of(value),
  shape: [],
  dtype: 'float32',
});

/** A Llama config of the given sizes. */
export function tinyConfig(sizes: Readonly<Record<string, unknown>> = {}): ModelConfig {
  const config = {
    model_type: 'llama',
    vocab_size: 19,
    hidden_size: 12,
    intermediate_size: 14,
    num_hidden_layers: 2,
    num_attention_heads: 6,
    num_key_value_heads: 2,
    head_dim: 4,
    initializer_range: 0.3,
    ...sizes,
  };
  return parseModelConfig({ config, where: 'tinyConfig' });
}

/** How a test wraps the base model's linears: nothing, or an adapter. */
export type Wrap = (base: LinearMap, inputs: Named<tf.Tensor>) => LinearMap;

/** The decoder that a program's inputs make. */
export function decoderOf(
  config: ModelConfig,
  inputs: Named<tf.Tensor>,
  wrap: Wrap = (base) => base,
): DecoderModel {
  const linear = wrap(baseLinear(inputs), inputs);
  return { config, parameters: inputs, linear, ropes: ropeAngles(config, inputs) };
}

/** The batch that a program's inputs `ids`, and `prefix` with `lengths` where there is one, make. */
function batchOf({ ids, prefix, lengths }: Named<tf.Tensor>): DecoderBatch {
  if (prefix === undefined) return { ids: ids as tf.Tensor2D };
  return { ids: ids as tf.Tensor2D, prefix: { ids: prefix as tf.Tensor2D, lengths: lengths as tf.Tensor1D } };
}

/** logits [B·T, V] and the stream before the first and after each layer. */
export const forwardProgram = (config: ModelConfig, wrap?: Wrap) => (inputs: Named<tf.Tensor>) => {
  const model = decoderOf(config, inputs, wrap);
  const states: Record<string, tf.Tensor> = {};
  const hidden = decoderForward(model, batchOf(inputs), (done, rows) => {
    states[`states.${done}`] = tf.clone(rows);
  });
  return { ...states, hidden, logits: logits(model, hidden) };
};

/** logprobs and entropy [B·T] of `targets`; the gradients of Σ weights ∘ logprobs by every input named in `wrt`. */
export const logprobProgram =
  (config: ModelConfig, wrt: readonly string[], wrap?: Wrap) => (inputs: Named<tf.Tensor>) => {
    const score = (given: Named<tf.Tensor>) => {
      const model = decoderOf(config, given, wrap);
      const rows = {
        hidden: decoderForward(model, batchOf(given)),
        targets: given.targets as tf.Tensor1D,
        temperature: given.temperature as tf.Scalar,
      };
      return logprobs(model, rows, { chunk: 7, weightGradient: true });
    };
    const loss = (...changed: tf.Tensor[]) => {
      const given = { ...inputs, ...Object.fromEntries(wrt.map((name, i) => [name, changed[i]!])) };
      return tf.sum(tf.mul(score(given).logprobs, inputs.weights!)) as tf.Scalar;
    };
    const { logprobs: values, entropy } = score(inputs);
    if (wrt.length === 0) return { logprobs: values, entropy };
    const { value, grads } = tf.valueAndGrads(loss)(wrt.map((name) => inputs[name]!));
    const gradients = Object.fromEntries(wrt.map((name, i) => [`grad.${name}`, grads[i]!]));
    return { logprobs: values, entropy, loss: value, ...gradients };
  };
