import type { RowRange } from '../files/row-range.ts';

/** Float weights of a checkpoint under their Hugging Face names, whichever files they lie in. */
export interface WeightStore {
  /** File or folder, for errors. */
  readonly where: string;
  /** Element types that it can turn into float32. */
  readonly readableTypes: readonly string[];
  readonly tensors: ReadonlyMap<string, { readonly shape: readonly number[]; readonly type: string }>;
  /** Reads a tensor, or some of its rows. */
  read(name: string, rows?: RowRange): Promise<Float32Array>;
  close(): Promise<void>;
}
