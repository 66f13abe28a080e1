import type { DecoderForm } from './config/model-config.ts';
import type { PackedRows } from './packed-rows.ts';
import type { SharedRows } from './shared-rows.ts';

/** `runtime.recompute` of a recipe. */
export type RecomputeSetting = 'auto' | 'always' | 'never';

/** Above so many bytes of `activationBytes` 'auto' recomputes. */
const BOUND = 4e9;

/** Sizes of a batch: rows that attend apart from each other, and tokens of each. */
type Rows = readonly { readonly rows: number; readonly tokens: number }[];

/**
 * Tells whether the update computes the layers of a micro-batch again in its backward pass. It depends on the setting,
 * the model's sizes and the batch's shapes alone, so a resumed run decides alike.
 */
export function recomputes(
  setting: RecomputeSetting,
  sizes: DecoderForm,
  batch: PackedRows | SharedRows,
): boolean {
  if (setting !== 'auto') return setting === 'always';
  return activationBytes(sizes, rowsOf(batch)) > BOUND;
}

function rowsOf(batch: PackedRows | SharedRows): Rows {
  const grids = 'owners' in batch ? [batch.ids] : [batch.prefixIds, batch.ids];
  return grids.map(({ shape: [rows, tokens] }) => ({ rows: rows!, tokens: tokens! }));
}

/**
 * Estimates the bytes that an update keeps of its layers for the backward pass, without recomputation: for each token
 * and layer (10·D + 4·F)·4.
 */
export function activationBytes(
  { layers, hiddenSize, intermediateSize }: Pick<DecoderForm, 'layers' | 'hiddenSize' | 'intermediateSize'>,
  rows: Rows,
): number {
  const tokens = rows.reduce((sum, { rows, tokens }) => sum + rows * tokens, 0);
  return tokens * layers * (10 * hiddenSize + 4 * intermediateSize) * 4;
}
