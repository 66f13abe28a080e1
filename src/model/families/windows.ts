import { z } from 'zod';
import type { LayerForm } from '../config/model-config.ts';
import { checkLayerCount } from './common.ts';

/** The fields by which a family says which layers see a sliding window. */
export const windowFields = {
  sliding_window: z.int().positive().nullish(),
  use_sliding_window: z.boolean().default(false),
  max_window_layers: z.int().nonnegative().default(28),
  layer_types: z.array(z.enum(['full_attention', 'sliding_attention'])).nullish(),
};

/** Whether each layer slides, [L]: as `layer_types` says, or by a rule where it is left out. */
export function slidingLayers(
  json: { readonly layer_types?: readonly string[] | null | undefined; readonly num_hidden_layers: number },
  rule: (layer: number) => boolean,
  where: string,
): boolean[] {
  const { layer_types: types, num_hidden_layers: layers } = json;
  if (types) checkLayerCount('layer_types', types, layers, where);
  return Array.from({ length: layers }, (_, i) => (types ? types[i] === 'sliding_attention' : rule(i)));
}

/** Layers of which some see a window of the last tokens only; all have the first rotary embedding. */
export const windowed = (slides: readonly boolean[], window: number | null | undefined): LayerForm[] =>
  slides.map((sliding) => ({ window: sliding ? (window ?? null) : null, rope: 0 }));
