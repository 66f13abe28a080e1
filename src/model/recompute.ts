import type { DecoderForm } from './config/model-config.ts';
import type { PackedRows } from './packed-rows.ts';
import type { SharedRows } from './shared-rows.ts';

/** `runtime.recompute` of a recipe. */
export type RecomputeSetting = 'auto' | 'always' | 'never';

/** Bytes of `activationBytes` above which 'auto' recomputes. */
const BOUND = 3e9;

/** Sizes of a batch: rows that attend apart from each other, and tokens of each, padding included. */
export type Rows = readonly { readonly rows: number; readonly tokens: number }[];

/**
 * Tells whether the update computes the layers of a micro-batch again in its backward pass. It depends on the setting,
 * the model's sizes and the batch's shapes alone, so a resumed run decides alike. The gradients are the same either way.
 */
export function recomputes(
  setting: RecomputeSetting,
  sizes: ModelSizes,
  batch: PackedRows | SharedRows,
): boolean {
  return recomputesRows(setting, sizes, rowsOf(batch));
}

/** The same for the shapes alone. */
export const recomputesRows = (setting: RecomputeSetting, sizes: ModelSizes, rows: Rows): boolean =>
  setting === 'auto' ? activationBytes(sizes, rows) > BOUND : setting === 'always';

function rowsOf(batch: PackedRows | SharedRows): Rows {
  const grids = 'owners' in batch ? [batch.ids] : [batch.prefixIds, batch.ids];
  return grids.map(({ shape: [rows, tokens] }) => ({ rows: rows!, tokens: tokens! }));
}

type ModelSizes = Pick<DecoderForm, 'layers' | 'hiddenSize' | 'intermediateSize'>;

/**
 * Estimates the bytes that an update keeps of its layers for the backward pass if nothing is recomputed: (8·D + 3·F)·4
 * for each token and layer, with F the width of the MLP. That is 1.1 MB a token at 135M, 2.1 MB at 0.5B and 4.4 MB at
 * 1.5B. An update that recomputes keeps D·4 for each token and layer, and this of one layer at a time.
 */
export function activationBytes({ layers, hiddenSize, intermediateSize }: ModelSizes, rows: Rows): number {
  const tokens = rows.reduce((sum, { rows, tokens }) => sum + rows * tokens, 0);
  return tokens * layers * (8 * hiddenSize + 3 * intermediateSize) * 4;
}
