import { defineFamily } from './common.ts';
import { llamaModules } from './gguf-form.ts';
import { windowed, windowFields } from './windows.ts';

/** Mistral 7B and its kin: a Llama whose layers all see a sliding window, if any. https://arxiv.org/abs/2310.06825 */
export const mistral = defineFamily({
  // llama.cpp has no Mistral: it stores one as a Llama, without a window.
  gguf: {
    architecture: 'llama',
    modelClass: 'MistralForCausalLM',
    layer: llamaModules,
    interleavesHeads: true,
    fields: {},
  },
  defaults: {
    num_key_value_heads: 8,
    max_position_embeddings: 4096 * 32,
    sliding_window: 4096,
  },
  fields: { sliding_window: windowFields.sliding_window },
  form: ({ sliding_window: window, num_hidden_layers: layers }) => ({
    layerForms: windowed(Array<boolean>(layers).fill(true), window),
  }),
});
