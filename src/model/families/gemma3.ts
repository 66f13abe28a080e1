import { z } from 'zod';
import type { JsonObject } from '../config/model-config.ts';
import { defineFamily } from './common.ts';
import { gemmaDefaults, gemmaFields, gemmaForm, queryScalar, windowPattern } from './gemma2.ts';
import { type GgufFacts, gemmaModules, headNorms } from './gguf-form.ts';
import { parseRope, ropeSchema } from './rope.ts';
import { slidingLayers } from './windows.ts';

/** transformers 5 has a rotary embedding for each kind of layer, transformers 4 the local one's theta by itself. */
const ropesSchema = z.union([
  z.looseObject({ full_attention: ropeSchema.nullish(), sliding_attention: ropeSchema.nullish() }),
  z.null(),
]);

/** Without a window all layers are alike; with one, the local layers have a rotary embedding of their own. */
function ggufConfig(facts: GgufFacts): JsonObject {
  const window = facts.value('attention.sliding_window') || null;
  return {
    sliding_window: window,
    query_pre_attn_scalar: queryScalar(facts, 62),
    rope_parameters: {
      full_attention: { ...facts.rope, rope_theta: facts.value('rope.freq_base') ?? 1_000_000 },
      sliding_attention: { rope_type: 'default', rope_theta: facts.value('rope.freq_base_swa') ?? 10_000 },
    },
    ...(window === null ? { sliding_window_pattern: 1 } : windowPattern(facts)),
  };
}

/**
 * Gemma 3, its text models: Gemma 2 with normed heads of q and k in place of soft-capped scores. Five of six layers see
 * a window, and those have a rotary embedding of their own. https://arxiv.org/abs/2503.19786
 */
export const gemma3 = defineFamily({
  gguf: {
    architecture: 'gemma3',
    modelClass: 'Gemma3ForCausalLM',
    layer: { ...gemmaModules, ...headNorms },
    interleavesHeads: false,
    fields: { final_logit_softcapping: 'final_logit_softcapping' },
    config: ggufConfig,
  },
  defaults: { ...gemmaDefaults, max_position_embeddings: 131072 },
  fields: {
    ...gemmaFields,
    rope_parameters: ropesSchema.optional(),
    rope_local_base_freq: z.number().positive().default(10_000),
    sliding_window_pattern: z.int().positive().default(6),
  },
  form: (json, { headDim, where }) => {
    const { rope_parameters: ropes, max_position_embeddings } = json;
    const global = {
      max_position_embeddings,
      rope_theta: json.rope_theta,
      rope_scaling: ropes?.full_attention ?? json.rope_scaling,
    };
    const local = {
      max_position_embeddings,
      rope_theta: json.rope_local_base_freq,
      rope_scaling: ropes?.sliding_attention,
    };
    const slides = slidingLayers(json, (layer) => (layer + 1) % json.sliding_window_pattern !== 0, where);
    return {
      ...gemmaForm(json),
      queryKeyNorms: true,
      ropes: [
        parseRope(global, { headDim, where, defaultTheta: 1_000_000 }),
        parseRope(local, { headDim, where }),
      ],
      layerForms: slides.map((sliding) => ({
        window: sliding ? (json.sliding_window ?? null) : null,
        rope: sliding ? 1 : 0,
      })),
    };
  },
});
