import type { HostTensor } from '../src/engine/engine.ts';
import type { ModelConfig } from '../src/model/config/model-config.ts';
import { parseModelConfig } from '../src/model/families/parse-config.ts';
import type { BaseDtype } from '../src/model/weights/base-weights.ts';
import { expectedTensors } from '../src/model/weights/expected-tensors.ts';
import { weightWriter } from '../src/model/weights/weight-writer.ts';

// Models of real shapes with random weights, for benchmarks.

/** Sizes of a model, by the names of its config.json. */
export interface Shape {
  readonly model_type: 'llama' | 'qwen2';
  readonly vocab_size: number;
  readonly hidden_size: number;
  readonly intermediate_size: number;
  readonly num_hidden_layers: number;
  readonly num_attention_heads: number;
  readonly num_key_value_heads: number;
}

/** Shapes of published models: SmolLM2-135M, Qwen2.5-0.5B and Qwen2.5-1.5B. */
export const shapes = {
  '135M': shape('llama', [49152, 576, 1536, 30, 9, 3]),
  '0.5B': shape('qwen2', [151936, 896, 4864, 24, 14, 2]),
  '1.5B': shape('qwen2', [151936, 1536, 8960, 28, 12, 2]),
} as const;

/** Sizes: vocabulary, hidden, intermediate, layers, heads, key/value heads. */
export function shape(
  model_type: Shape['model_type'],
  [vocab_size, hidden_size, intermediate_size, layers, heads, kvHeads]: readonly number[],
): Shape {
  return {
    model_type,
    vocab_size: vocab_size!,
    hidden_size: hidden_size!,
    intermediate_size: intermediate_size!,
    num_hidden_layers: layers!,
    num_attention_heads: heads!,
    num_key_value_heads: kvHeads!,
  };
}

/** The config of a shape, with tied embeddings and without tokens that end a text. */
export const configOf = (sizes: Shape): ModelConfig =>
  parseModelConfig({
    where: 'bench',
    config: {
      ...sizes,
      tie_word_embeddings: true,
      max_position_embeddings: 32768,
      eos_token_id: null,
      bos_token_id: null,
      pad_token_id: 0,
    },
  });

/** Uniform noise in ±1 by a linear congruence. Normal numbers would take longer than a benchmark. */
export function noiseFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    return state / 2 ** 31;
  };
}

/** Numbers that are drawn for a tensor. A larger one repeats them. */
const DRAWN = 2 ** 21;
/** Places between the first numbers of two tensors: onnxruntime holds equal ones once. */
const APART = 97;

/**
 * Random weights of a config, by name: matrices and biases uniform in ±.035, norms 1. Each tensor is rounded to the
 * base's dtype as it is made, and repeats its first two million numbers.
 */
export function randomWeights(config: ModelConfig, dtype: BaseDtype): Record<string, HostTensor> {
  const expected = Object.entries(expectedTensors(config));
  const noise = new Float32Array(DRAWN + APART * expected.length);
  const next = noiseFrom(1);
  for (let i = 0; i < noise.length; i++) noise[i] = 0.035 * next();
  const tensors = expected.map(([name, shape], index) => {
    const [rows = 1, columns = 1] = shape;
    const drawn = Math.min(rows, Math.max(1, Math.floor(DRAWN / columns)));
    const writer = weightWriter(name, shape, dtype);
    const isNorm = name.endsWith('norm.weight');
    const first = noise.subarray(APART * index, APART * index + drawn * columns);
    writer.write(isNorm ? new Float32Array(rows).fill(1) : first, 0);
    if (!isNorm) for (const { data } of Object.values(writer.tensors)) repeatRows(data, rows, drawn);
    return writer.tensors;
  });
  return Object.assign({}, ...tensors);
}

/** Repeats the first rows of a tensor until it is full. */
function repeatRows(data: HostTensor['data'], rows: number, drawn: number): void {
  const width = data.length / rows;
  for (let filled = drawn; filled < rows; filled *= 2) {
    data.copyWithin(filled * width, 0, Math.min(filled, rows - filled) * width);
  }
}

/** Bytes of a model's weights. */
export const bytesOf = (weights: Readonly<Record<string, HostTensor>>): number =>
  Object.values(weights).reduce((sum, { data }) => sum + data.byteLength, 0);
