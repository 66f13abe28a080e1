import { z } from 'zod';
import type { DecoderForm, JsonObject } from '../config/model-config.ts';
import { defineFamily } from './common.ts';
import { type GgufFacts, gemmaModules } from './gguf-form.ts';
import { slidingLayers, windowed, windowFields } from './windows.ts';

const softcap = z.number().positive().nullish();

/** The fields that Gemma 2 and 3 add. */
export const gemmaFields = {
  hidden_act: z.unknown().optional(),
  hidden_activation: z.literal('gelu_pytorch_tanh').default('gelu_pytorch_tanh'),
  attention_bias: z.boolean().default(false),
  query_pre_attn_scalar: z.number().positive().default(256),
  sliding_window: windowFields.sliding_window,
  layer_types: windowFields.layer_types,
  final_logit_softcapping: softcap,
  attn_logit_softcapping: softcap,
  use_bidirectional_attention: z.literal(false, 'only causal attention is supported').nullish(),
};
type GemmaJson = z.output<z.ZodObject<typeof gemmaFields>> & { readonly hidden_size: number };

export const gemmaDefaults = {
  num_key_value_heads: 4,
  head_dim: 256,
  tie_word_embeddings: true,
  sliding_window: 4096,
  bos_token_id: 2,
  eos_token_id: 1,
  pad_token_id: 0,
};

/**
 * GGUF has no field for query_pre_attn_scalar: llama.cpp knows that the largest model of a family, by its number of
 * layers, has the width of the embeddings for each head there, and the others the width of a head.
 */
export function queryScalar({ value }: GgufFacts, largest: number): number {
  const split = Number(value('embedding_length')) / Number(value('attention.head_count'));
  return value('block_count') === largest ? split : Number(value('attention.key_length') ?? split);
}

/** Which layers see a window, where a file says so: a flag for each layer, or how many layers make a turn. */
export function windowPattern({ value }: GgufFacts): JsonObject {
  const pattern = value('attention.sliding_window_pattern');
  if (!Array.isArray(pattern)) return pattern === undefined ? {} : { sliding_window_pattern: pattern };
  return { layer_types: pattern.map((slides) => (slides ? 'sliding_attention' : 'full_attention')) };
}

/** What Gemma 2 and 3 change of a Llama, apart from their layers. */
export const gemmaForm = (json: GemmaJson): Partial<DecoderForm> => ({
  embeddingScale: Math.sqrt(json.hidden_size),
  logitSoftcap: json.final_logit_softcapping ?? null,
  normAddsOne: true,
  outputNorms: true,
  attentionScale: 1 / Math.sqrt(json.query_pre_attn_scalar),
  attentionSoftcap: json.attn_logit_softcapping ?? null,
  qkvBias: json.attention_bias,
  outputBias: json.attention_bias,
  activation: 'gelu-tanh',
});

/**
 * Gemma 2: norms of 1 + w before and after attention and MLP, scaled embeddings, soft-capped scores and logits, and a
 * window in every other layer. https://arxiv.org/abs/2408.00118
 */
export const gemma2 = defineFamily({
  gguf: {
    architecture: 'gemma2',
    modelClass: 'Gemma2ForCausalLM',
    layer: gemmaModules,
    interleavesHeads: false,
    fields: {
      attn_logit_softcapping: 'attn_logit_softcapping',
      final_logit_softcapping: 'final_logit_softcapping',
      'attention.sliding_window': 'sliding_window',
    },
    config: (facts) => ({ query_pre_attn_scalar: queryScalar(facts, 46), ...windowPattern(facts) }),
  },
  defaults: {
    ...gemmaDefaults,
    max_position_embeddings: 8192,
    final_logit_softcapping: 30,
    attn_logit_softcapping: 50,
  },
  fields: gemmaFields,
  form: (json, { where }) => ({
    ...gemmaForm(json),
    layerForms: windowed(
      slidingLayers(json, (layer) => layer % 2 === 0, where),
      json.sliding_window,
    ),
  }),
});
