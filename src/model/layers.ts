import type { RotaryAngles } from '../engine/ops/rotary.ts';
import type { DecoderModel } from './decoder.ts';

/** How a batch makes the angles of a rotary embedding and the masks of a window. */
export interface LayerParts<Angles, Masks> {
  readonly angles: (rope: RotaryAngles) => Angles;
  readonly masks: (window: number | null) => Masks;
}

/**
 * Returns a function that gives each layer its angles and masks. Layers with the same rotary embedding share their
 * angles, layers with the same window their masks. A layer without rotary embedding has null for angles.
 */
export function layersOf<Angles, Masks>(
  { config, ropes }: DecoderModel,
  parts: LayerParts<Angles, Masks>,
): (index: number) => { readonly angles: Angles | null; readonly masks: Masks } {
  const angles = memoised((rope: number) => parts.angles(ropes[rope]!));
  const masks = memoised(parts.masks);
  return (index) => {
    const { rope, window } = config.layerForms[index]!;
    return { angles: rope === null ? null : angles(rope), masks: masks(window) };
  };
}

function memoised<Key, Value>(make: (key: Key) => Value): (key: Key) => Value {
  const made = new Map<Key, Value>();
  return (key) => {
    if (!made.has(key)) made.set(key, make(key));
    return made.get(key)!;
  };
}
