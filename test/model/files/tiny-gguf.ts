import type { ModelConfig } from '../../../src/model/config/model-config.ts';
import { randomWeights, tinyConfig } from '../tiny-model.ts';
import type { GgufInput } from './write-gguf.ts';

/** The tiny model's metadata without its tokenizer, as llama.cpp's converter writes it. */
export const metadata = {
  'general.architecture': 'llama',
  'llama.vocab_size': 12,
  'llama.embedding_length': 8,
  'llama.feed_forward_length': 6,
  'llama.block_count': 2,
  'llama.attention.head_count': 2,
  'llama.attention.head_count_kv': 1,
  'llama.rope.dimension_count': 4,
  'llama.rope.freq_base': 10000,
  'llama.attention.layer_norm_rms_epsilon': 1e-5,
  'llama.context_length': 64,
  'tokenizer.ggml.bos_token_id': 0,
  'tokenizer.ggml.eos_token_id': 1,
  'tokenizer.ggml.padding_token_id': 2,
};

const modules = {
  'self_attn.q_proj': 'attn_q',
  'self_attn.k_proj': 'attn_k',
  'self_attn.v_proj': 'attn_v',
  'self_attn.o_proj': 'attn_output',
  'mlp.gate_proj': 'ffn_gate',
  'mlp.up_proj': 'ffn_up',
  'mlp.down_proj': 'ffn_down',
  input_layernorm: 'attn_norm',
  post_attention_layernorm: 'ffn_norm',
  'model.embed_tokens': 'token_embd',
  'model.norm': 'output_norm',
  lm_head: 'output',
};

/** A byte-level BPE of eight tokens. */
export const tokenizer = {
  'tokenizer.ggml.model': 'gpt2',
  'tokenizer.ggml.pre': 'gpt-2',
  'tokenizer.ggml.tokens': ['<s>', '</s>', '<pad>', 'a', 'b', 'Ġ', 'Ġa', '<tool>'],
  'tokenizer.ggml.token_type': [3, 3, 3, 1, 1, 1, 1, 4],
  'tokenizer.ggml.merges': ['Ġ a'],
  'tokenizer.chat_template': '{{ bos_token }}{{ messages[0].content }}',
};

/**
 * What llama.cpp's converter makes of Hugging Face weights: its names, and the rows of q and k interleaved per head.
 */
export function converted(config: ModelConfig): GgufInput['tensors'] {
  const entries = Object.entries(randomWeights(config)).map(([name, { data, shape }]) => {
    const [, layer, module, kind] = /^(?:model\.layers\.(\d+)\.)?(.+)\.(\w+)$/.exec(name)!;
    const renamed = `${modules[module as keyof typeof modules]}.${kind}`;
    const interleave = module === 'self_attn.q_proj' || module === 'self_attn.k_proj';
    return [
      layer === undefined ? renamed : `blk.${layer}.${renamed}`,
      { shape, data: interleave ? interleaved(data, shape[0]!, config.headDim) : data },
    ];
  });
  return Object.fromEntries(entries);
}

/** File row 2i + j of a head is Hugging Face's row j·headDim/2 + i. */
function interleaved(data: Float32Array, rows: number, headDim: number): Float32Array {
  const width = data.length / rows;
  const rowOf = (row: number) =>
    row - (row % headDim) + ((row % 2) * headDim) / 2 + Math.floor((row % headDim) / 2);
  return Float32Array.from({ length: data.length }, (_, at) => {
    return data[rowOf(Math.floor(at / width)) * width + (at % width)]!;
  });
}

/** The tiny model with its tokenizer, as a file of its own. */
export const tinyGguf: GgufInput = {
  metadata: { ...metadata, ...tokenizer },
  tensors: converted(tinyConfig),
};
