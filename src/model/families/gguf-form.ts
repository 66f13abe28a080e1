import type { JsonObject } from '../config/model-config.ts';

// How llama.cpp stores a family in GGUF files, as data: reading and writing share it.

export interface GgufForm {
  /** llama.cpp's name of the family, `general.architecture`; the prefix of its metadata keys. */
  readonly architecture: string;
  /** The class that transformers computes it with, for config.json. */
  readonly modelClass: string;
  /** Our names of a layer's modules by llama.cpp's: `attn_q` is `self_attn.q_proj`. */
  readonly layer: Readonly<Record<string, string>>;
  /**
   * Whether the rows of each head of q and k are stored in another order, the two of each rotary pair side by side.
   */
  readonly interleavesHeads: boolean;
  /** Fields of config.json by the metadata keys that hold the same value, beside those of every family. */
  readonly fields: Readonly<Record<string, string>>;
  /** The fields of config.json that follow from metadata in another way, or from the tensors that there are. */
  config?(facts: GgufFacts): JsonObject;
}

/** What a GGUF file says of its model. */
export interface GgufFacts {
  /** Value of a metadata key, named without the architecture before it. */
  value(key: string): unknown;
  has(tensor: string): boolean;
  /** `rope_parameters` of config.json. */
  readonly rope: JsonObject;
}

/** Our names of the modules outside of the layers by llama.cpp's. */
export const outerModules: Readonly<Record<string, string>> = {
  token_embd: 'model.embed_tokens',
  output_norm: 'model.norm',
  output: 'lm_head',
};

/** Fields of every family's config.json by metadata key. */
export const sharedFields: Readonly<Record<string, string>> = {
  block_count: 'num_hidden_layers',
  context_length: 'max_position_embeddings',
  embedding_length: 'hidden_size',
  feed_forward_length: 'intermediate_size',
  'attention.head_count': 'num_attention_heads',
  'attention.head_count_kv': 'num_key_value_heads',
  'attention.key_length': 'head_dim',
  'attention.layer_norm_rms_epsilon': 'rms_norm_eps',
};

const attention = {
  attn_norm: 'input_layernorm',
  attn_q: 'self_attn.q_proj',
  attn_k: 'self_attn.k_proj',
  attn_v: 'self_attn.v_proj',
  attn_output: 'self_attn.o_proj',
};
const mlp = { ffn_gate: 'mlp.gate_proj', ffn_up: 'mlp.up_proj', ffn_down: 'mlp.down_proj' };

/** A layer of Llama. */
export const llamaModules = { ...attention, ffn_norm: 'post_attention_layernorm', ...mlp };

/** What a family with normed heads of q and k adds. */
export const headNorms = { attn_q_norm: 'self_attn.q_norm', attn_k_norm: 'self_attn.k_norm' };

/** A layer of Gemma 2. */
export const gemmaModules = {
  ...attention,
  post_attention_norm: 'post_attention_layernorm',
  ffn_norm: 'pre_feedforward_layernorm',
  ...mlp,
  post_ffw_norm: 'post_feedforward_layernorm',
};

/** Whether the layers have biases: a file has their tensors or not. */
export const biasFacts = ({ has }: GgufFacts): JsonObject => ({
  attention_bias: has('blk.0.attn_output.bias'),
  mlp_bias: has('blk.0.ffn_up.bias'),
});
