import { defineFamily } from './common.ts';
import { llamaModules } from './gguf-form.ts';
import { slidingLayers, windowed, windowFields } from './windows.ts';

/** What Qwen2Config and Qwen3Config have in place of LlamaConfig's values. */
export const qwenDefaults = {
  max_position_embeddings: 32768,
  sliding_window: 4096,
  bos_token_id: null,
  eos_token_id: null,
};

/**
 * Qwen2 and Qwen2.5: a Llama with biases on q, k and v. With `use_sliding_window` the layers from `max_window_layers`
 * on see a window. https://arxiv.org/abs/2412.15115
 */
export const qwen2 = defineFamily({
  gguf: {
    architecture: 'qwen2',
    modelClass: 'Qwen2ForCausalLM',
    layer: llamaModules,
    interleavesHeads: false,
    fields: {},
  },
  defaults: qwenDefaults,
  fields: windowFields,
  form: (json, { where }) => ({ qkvBias: true, layerForms: qwenLayers(json, where) }),
});

/** The layers of a Qwen2 or Qwen3. */
export function qwenLayers(
  json: Parameters<typeof slidingLayers>[0] & {
    readonly use_sliding_window: boolean;
    readonly sliding_window?: number | null | undefined;
    readonly max_window_layers: number;
  },
  where: string,
) {
  const window = json.use_sliding_window ? json.sliding_window : null;
  const slides = slidingLayers(json, (layer) => window != null && layer >= json.max_window_layers, where);
  return windowed(slides, window);
}
