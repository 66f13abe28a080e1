import { InputError } from '../../errors.ts';
import type { ModelConfig } from '../config/model-config.ts';
import { parseModelConfig } from '../families/parse-config.ts';
import type { GgufFile } from '../files/gguf.ts';
import { supportedQuantTypes } from '../files/gguf-dequantise.ts';
import type { GgufMetadata } from '../files/gguf-header.ts';
import type { RowRange } from '../files/row-range.ts';
import type { WeightStore } from './weight-store.ts';

/**
 * How llama.cpp stores a Llama: its own tensor names, and the rows of attn_q and attn_k permuted so that the two halves
 * of each rotary pair lie side by side.
 */

const outerNames: Readonly<Record<string, string>> = {
  token_embd: 'model.embed_tokens',
  output_norm: 'model.norm',
  output: 'lm_head',
};

const layerNames: Readonly<Record<string, string>> = {
  attn_norm: 'input_layernorm',
  attn_q: 'self_attn.q_proj',
  attn_k: 'self_attn.k_proj',
  attn_v: 'self_attn.v_proj',
  attn_output: 'self_attn.o_proj',
  ffn_norm: 'post_attention_layernorm',
  ffn_gate: 'mlp.gate_proj',
  ffn_up: 'mlp.up_proj',
  ffn_down: 'mlp.down_proj',
};

/** The Hugging Face name of a GGUF tensor; a name that Llama does not have stays as it is. */
export function huggingFaceName(name: string): string {
  const [, layer, module = '', kind] = /^(?:blk\.(\d+)\.)?(\w+)\.(weight|bias)$/.exec(name) ?? [];
  const found = layer === undefined ? outerNames[module] : layerNames[module];
  if (found === undefined) return name;
  return layer === undefined ? `${found}.${kind}` : `model.layers.${layer}.${found}.${kind}`;
}

/** The weights of a GGUF file under Hugging Face names, in Hugging Face's row order. */
export function ggufWeights(file: GgufFile, config: ModelConfig): WeightStore {
  const names = new Map([...file.tensors.keys()].map((name) => [huggingFaceName(name), name]));
  // Frequency factors that llama.cpp derives from the config's rope scaling.
  if (config.ropes[0]!.scaling.type === 'llama3') names.delete('rope_freqs.weight');
  const tensor = (name: string) => file.tensors.get(names.get(name)!)!;
  return {
    where: file.path,
    readableTypes: supportedQuantTypes,
    tensors: new Map([...names.keys()].map((name) => [name, tensor(name)])),
    read: async (name, rows) => {
      const heads = headsOf(name, config);
      if (heads === undefined) return file.read(names.get(name)!, rows);
      const { shape } = tensor(name);
      return unpermutedRows(rows ?? { first: 0, count: shape[0]! }, {
        headDim: shape[0]! / heads,
        columns: shape[1] ?? 1,
        read: (range) => file.read(names.get(name)!, range),
      });
    },
    close: file.close,
  };
}

function headsOf(name: string, config: ModelConfig): number | undefined {
  if (/\.q_proj\.(weight|bias)$/.test(name)) return config.heads;
  if (/\.k_proj\.(weight|bias)$/.test(name)) return config.kvHeads;
  return undefined;
}

/** Reads Hugging Face's rows out of permuted ones: the whole heads that they belong to. */
async function unpermutedRows(
  { first, count }: RowRange,
  file: { headDim: number; columns: number; read: (rows: RowRange) => Promise<Float32Array> },
): Promise<Float32Array> {
  const { headDim, columns } = file;
  const start = first - (first % headDim);
  const end = Math.ceil((first + count) / headDim) * headDim;
  const data = unpermuteRows(await file.read({ first: start, count: end - start }), headDim, columns);
  return data.subarray((first - start) * columns, (first - start + count) * columns);
}

/** In each head, file row 2i + j (pair i, half j) is Hugging Face's row j·pairs + i. data: [heads·headDim, columns] */
function unpermuteRows(data: Float32Array, headDim: number, columns: number): Float32Array {
  const rows = data.length / columns;
  const out = new Float32Array(data.length);
  for (let row = 0; row < rows; row++) {
    const inHead = row % headDim;
    const target = row - inHead + (inHead % 2) * (headDim / 2) + (inHead >> 1);
    out.set(data.subarray(row * columns, (row + 1) * columns), target * columns);
  }
  return out;
}

/**
 * The config that a GGUF file's metadata describes, for a file without config.json.
 * @throws InputError when the architecture is not llama, or its rope scaling is stored as a tensor only.
 */
export function ggufModelConfig(file: GgufFile): ModelConfig {
  const { metadata } = file;
  const architecture = metadata['general.architecture'];
  if (architecture !== 'llama') {
    throw new InputError(
      `${file.path}: architecture ${JSON.stringify(architecture)} is not supported; supported: llama`,
    );
  }
  if (file.tensors.has('rope_freqs.weight')) {
    throw new InputError(
      `${file.path} scales its rope frequencies; put the model's config.json beside it, which says how`,
    );
  }
  const layers = metadata['llama.block_count'];
  if (typeof layers === 'number' && layers > file.tensors.size) {
    throw new InputError(
      `${file.path}: block_count is ${layers}, more than its ${file.tensors.size} tensors could be`,
    );
  }
  return parseModelConfig({
    config: llamaJson(file, metadata),
    ggufEnds: ggufEndIds(file),
    where: `${file.path} (metadata)`,
  });
}

/** The ids that end a text, a turn or a message by a GGUF file's metadata. */
export function ggufEndIds({ metadata }: GgufFile): number[] {
  const ids = ['eos', 'eot', 'eom'].map((end) => metadata[`tokenizer.ggml.${end}_token_id`]);
  return [...new Set(ids.filter((id) => typeof id === 'number'))];
}

function llamaJson(file: GgufFile, metadata: GgufMetadata): Record<string, unknown> {
  const llama = (key: string) => metadata[`llama.${key}`];
  const heads = llama('attention.head_count');
  const scaling = llama('rope.scaling.type');
  const biased = (module: string) => file.tensors.has(`blk.0.${module}.bias`);
  return {
    architectures: ['LlamaForCausalLM'],
    model_type: 'llama',
    vocab_size: llama('vocab_size') ?? file.tensors.get('token_embd.weight')?.shape[0],
    hidden_size: llama('embedding_length'),
    intermediate_size: llama('feed_forward_length'),
    num_hidden_layers: llama('block_count'),
    num_attention_heads: heads,
    num_key_value_heads: llama('attention.head_count_kv') ?? heads,
    head_dim: llama('attention.key_length') ?? llama('rope.dimension_count') ?? null,
    rms_norm_eps: shortest(llama('attention.layer_norm_rms_epsilon')),
    max_position_embeddings: llama('context_length'),
    rope_parameters: {
      rope_theta: shortest(llama('rope.freq_base') ?? 10000),
      rope_type: scaling === undefined || scaling === 'none' ? 'default' : scaling,
      ...(scaling === 'linear' ? { factor: llama('rope.scaling.factor') } : {}),
    },
    tie_word_embeddings: !file.tensors.has('output.weight'),
    attention_bias: biased('attn_q'),
    mlp_bias: biased('ffn_gate'),
    hidden_act: 'silu',
    bos_token_id: metadata['tokenizer.ggml.bos_token_id'] ?? null,
    eos_token_id: metadata['tokenizer.ggml.eos_token_id'] ?? null,
    pad_token_id: metadata['tokenizer.ggml.padding_token_id'] ?? null,
    dtype: 'float32',
  };
}

/** The shortest decimal with the same float32 value: GGUF keeps 1e-5 as 0.000009999999747378752. */
function shortest(value: unknown): unknown {
  if (typeof value !== 'number') return value;
  for (let digits = 1; digits <= 9; digits++) {
    const decimal = Number(value.toPrecision(digits));
    if (Math.fround(decimal) === Math.fround(value)) return decimal;
  }
  return value;
}
