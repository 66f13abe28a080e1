import { z } from 'zod';
import { defineFamily } from './common.ts';
import { headNorms, llamaModules } from './gguf-form.ts';
import { qwenDefaults, qwenLayers } from './qwen2.ts';
import { windowFields } from './windows.ts';

/** Qwen3: a Llama that norms each head of q and k, with a head size of its own. https://arxiv.org/abs/2505.09388 */
export const qwen3 = defineFamily({
  gguf: {
    architecture: 'qwen3',
    modelClass: 'Qwen3ForCausalLM',
    layer: { ...llamaModules, ...headNorms },
    interleavesHeads: false,
    fields: {},
    config: ({ has }) => ({ attention_bias: has('blk.0.attn_output.bias') }),
  },
  defaults: { ...qwenDefaults, head_dim: 128 },
  fields: { ...windowFields, attention_bias: z.boolean().default(false) },
  form: (json, { where }) => ({
    queryKeyNorms: true,
    qkvBias: json.attention_bias,
    outputBias: json.attention_bias,
    layerForms: qwenLayers(json, where),
  }),
});
