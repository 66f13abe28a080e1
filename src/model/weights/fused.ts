import { InputError } from '../../errors.ts';
import { shown } from '../../io/text/shown.ts';
import type { FusedLinear, ModelConfig } from '../config/model-config.ts';
import type { RowRange } from '../files/row-range.ts';
import { expectedTensors } from './expected-tensors.ts';
import type { WeightStore } from './weight-store.ts';

// Linear layers that a checkpoint stores as one (Phi-3's qkv_proj and gate_up_proj): the rows of the stored weight are
// those of the parts, one part below the other. Inside, the parts are linear layers like any others.

/** A stored tensor that holds several of ours, with their names and row counts in order. */
export interface FusedTensor {
  readonly stored: string;
  /** [rows, …] of the whole. */
  readonly shape: readonly number[];
  readonly parts: readonly { readonly name: string; readonly shape: readonly number[] }[];
}

/** Lists the fused tensors of a model's checkpoint, layer by layer. */
function fusedTensors(config: ModelConfig): FusedTensor[] {
  if (config.fused.length === 0) return [];
  const expected = expectedTensors(config);
  return Array.from({ length: config.layers }, (_, layer) => layer).flatMap((layer) =>
    config.fused.flatMap((fused) =>
      ['weight', 'bias'].flatMap((kind) => fusedTensor(fused, { layer, kind, expected })),
    ),
  );
}

function fusedTensor(
  fused: FusedLinear,
  at: { readonly layer: number; readonly kind: string; readonly expected: Record<string, number[]> },
): FusedTensor[] {
  const nameOf = (module: string) => `model.layers.${at.layer}.${module}.${at.kind}`;
  const parts = fused.parts.flatMap((part) => {
    const name = nameOf(part);
    const shape = at.expected[name];
    return shape === undefined ? [] : [{ name, shape }];
  });
  if (parts.length === 0) return [];
  const rows = parts.reduce((sum, { shape }) => sum + shape[0]!, 0);
  return [{ stored: nameOf(fused.stored), shape: [rows, ...parts[0]!.shape.slice(1)], parts }];
}

/** A tensor of a checkpoint, and those of ours that it holds, one below the other. */
export interface StoredTensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly parts: readonly string[];
}

/** Lists the tensors that a checkpoint of this config stores, in the order of Hugging Face's state dict. */
export function storedTensors(config: ModelConfig): StoredTensor[] {
  const whole = new Map(
    fusedTensors(config).flatMap((fused) => fused.parts.map(({ name }) => [name, fused] as const)),
  );
  return Object.entries(expectedTensors(config)).flatMap(([name, shape]): StoredTensor[] => {
    const fused = whole.get(name);
    if (fused === undefined) return [{ name, shape, parts: [name] }];
    const parts = fused.parts.map((part) => part.name);
    return parts[0] === name ? [{ name: fused.stored, shape: fused.shape, parts }] : [];
  });
}

/**
 * Shows a checkpoint with its fused tensors taken apart. What is stored in parts already stays as it is.
 * @throws InputError when a fused tensor has another shape than the config asks for.
 */
export function unfused(store: WeightStore, config: ModelConfig): WeightStore {
  const tensors = new Map(store.tensors);
  const places = new Map<string, { readonly stored: string; readonly rows: RowRange }>();
  for (const fused of fusedTensors(config)) {
    const found = tensors.get(fused.stored);
    if (found === undefined) continue;
    if (found.shape.join() !== fused.shape.join()) {
      throw new InputError(
        `${store.where}: tensor "${fused.stored}" has shape [${shown(found.shape.join())}], but by its config it must be [${fused.shape}]`,
      );
    }
    tensors.delete(fused.stored);
    let first = 0;
    for (const { name, shape } of fused.parts) {
      const count = shape[0]!;
      tensors.set(name, { ...found, shape });
      places.set(name, { stored: fused.stored, rows: { first, count } });
      first += count;
    }
  }
  if (places.size === 0) return store;
  return {
    ...store,
    tensors,
    read: (name, rows) => {
      const place = places.get(name);
      if (place === undefined) return store.read(name, rows);
      const { first, count } = rows ?? { first: 0, count: place.rows.count };
      return store.read(place.stored, { first: place.rows.first + first, count });
    },
  };
}
