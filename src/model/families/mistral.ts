import { defineFamily } from './common.ts';
import { windowed, windowFields } from './windows.ts';

/** Mistral 7B and its kin: a Llama whose layers all see a sliding window, if any. https://arxiv.org/abs/2310.06825 */
export const mistral = defineFamily({
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
