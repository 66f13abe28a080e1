import { z } from 'zod';
import { checkLayerCount, defineFamily } from './common.ts';
import { biasFacts, llamaModules } from './gguf-form.ts';
import { biasFields } from './llama.ts';
import { slidingLayers, windowFields } from './windows.ts';

/**
 * SmolLM3: a Llama in which every fourth layer has no rotary embedding (NoPE). Only those may see a window.
 * https://huggingface.co/blog/smollm3
 */
export const smollm3 = defineFamily({
  gguf: {
    architecture: 'smollm3',
    modelClass: 'SmolLM3ForCausalLM',
    layer: llamaModules,
    interleavesHeads: true,
    fields: {},
    // llama.cpp knows no other order of its layers.
    config: (facts) => ({ ...biasFacts(facts), no_rope_layer_interval: 4 }),
  },
  defaults: {
    num_key_value_heads: 4,
    max_position_embeddings: 32768,
    rope_theta: 2e6,
    tie_word_embeddings: true,
    bos_token_id: 128000,
    eos_token_id: 128001,
    pad_token_id: 128004,
  },
  fields: {
    ...biasFields,
    ...windowFields,
    no_rope_layers: z.array(z.union([z.literal(0), z.literal(1)])).nullish(),
    no_rope_layer_interval: z.int().positive().default(4),
  },
  form: (json, { where }) => {
    const { no_rope_layers: given, no_rope_layer_interval: interval, attention_bias: bias } = json;
    if (given) checkLayerCount('no_rope_layers', given, json.num_hidden_layers, where);
    const turns = (layer: number) => (given ? given[layer] === 1 : (layer + 1) % interval !== 0);
    const window = (json.use_sliding_window && json.sliding_window) || null;
    const slides = slidingLayers(json, (layer) => window !== null && !turns(layer), where);
    return {
      qkvBias: bias,
      outputBias: bias,
      mlpBias: json.mlp_bias,
      layerForms: slides.map((sliding, layer) => ({
        window: sliding ? window : null,
        rope: turns(layer) ? 0 : null,
      })),
    };
  },
});
