/** Float weights of a checkpoint under their Hugging Face names, whichever files they lie in. */
export interface WeightStore {
  /** File or folder, for errors. */
  readonly where: string;
  readonly tensors: ReadonlyMap<string, { readonly shape: readonly number[] }>;
  read(name: string): Promise<Float32Array>;
  close(): Promise<void>;
}
