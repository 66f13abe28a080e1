import { z } from 'zod';
import { defineFamily } from './common.ts';
import { parseRope } from './rope.ts';
import { windowed, windowFields } from './windows.ts';

/**
 * Phi-3, Phi-3.5-mini and Phi-4-mini: a Llama whose checkpoint stores q, k and v as one layer, and gate and up as one.
 * Phi-4-mini rotates a part of each head. https://arxiv.org/abs/2404.14219
 */
export const phi3 = defineFamily({
  gguf: {
    architecture: 'phi3',
    modelClass: 'Phi3ForCausalLM',
    layer: {
      attn_norm: 'input_layernorm',
      attn_qkv: 'self_attn.qkv_proj',
      attn_output: 'self_attn.o_proj',
      ffn_norm: 'post_attention_layernorm',
      ffn_up: 'mlp.gate_up_proj',
      ffn_down: 'mlp.down_proj',
    },
    interleavesHeads: false,
    fields: { 'rope.scaling.original_context_length': 'original_max_position_embeddings' },
    config: ({ value }) => ({ sliding_window: value('attention.sliding_window') || null }),
  },
  defaults: {
    rms_norm_eps: 1e-5,
    max_position_embeddings: 4096,
    original_max_position_embeddings: 4096,
    eos_token_id: 32000,
    pad_token_id: 32000,
  },
  fields: {
    partial_rotary_factor: z.number().positive().max(1).nullish(),
    original_max_position_embeddings: z.int().positive(),
    sliding_window: windowFields.sliding_window,
  },
  form: (json, { headDim, where }) => ({
    ropes: [parseRope(json, { headDim, where, partial: true })],
    layerForms: windowed(Array<boolean>(json.num_hidden_layers).fill(true), json.sliding_window),
    fused: [
      { stored: 'self_attn.qkv_proj', parts: ['self_attn.q_proj', 'self_attn.k_proj', 'self_attn.v_proj'] },
      { stored: 'mlp.gate_up_proj', parts: ['mlp.gate_proj', 'mlp.up_proj'] },
    ],
  }),
});
