import type { HostTensor } from '../engine/engine.ts';

/** Sizes of a model's cache: L layers, each with KV heads of headDim numbers for each token. */
export interface CacheDimensions {
  readonly layers: number;
  readonly kvHeads: number;
  readonly headDim: number;
}

/** Positions are allocated in multiples of this, so that the cache is rarely copied to a larger one. */
const STEP = 32;

/**
 * The key/value cache of B rows, in host memory: k and v [B, KV, S, headDim] for each layer. Row b uses its first
 * `lengths[b]` positions. A decode step reads the arrays in place. Its own keys and values are appended afterwards.
 */
export class KvCache {
  private allocated = 0;
  private arrays: Float32Array[];
  private readonly dimensions: CacheDimensions;
  /** Positions in use, [B]. */
  lengths: Int32Array;

  constructor(dimensions: CacheDimensions, rows: number) {
    this.dimensions = dimensions;
    this.lengths = new Int32Array(rows);
    this.arrays = Array.from({ length: 2 * dimensions.layers }, () => new Float32Array(0));
    this.reserve(1);
  }

  /** Positions allocated for each row, S. */
  get capacity(): number {
    return this.allocated;
  }

  /** Returns the arrays as program inputs: [k0, v0, k1, v1, …], each [B, KV, S, headDim]. */
  tensors(): HostTensor[] {
    const { kvHeads, headDim } = this.dimensions;
    const shape = [this.lengths.length, kvHeads, this.allocated, headDim];
    return this.arrays.map((data) => ({ data, shape, dtype: 'float32' }));
  }

  /**
   * Copies the first `length` positions of prefilled prompt number `prompt` into each of `rows`. `tensors` are in the
   * order of `tensors()`, each [P, KV, T, headDim].
   */
  fill(rows: readonly number[], tensors: readonly HostTensor[], prompt: number, length: number): void {
    this.reserve(length);
    for (const row of rows) this.lengths[row] = length;
    for (const [i, { data, shape }] of tensors.entries()) {
      for (let head = 0; head < this.dimensions.kvHeads; head++) {
        const from = (prompt * this.dimensions.kvHeads + head) * shape[2]! * this.dimensions.headDim;
        const block = (data as Float32Array).subarray(from, from + length * this.dimensions.headDim);
        for (const row of rows) this.arrays[i]!.set(block, this.offset(row, head, 0));
      }
    }
  }

  /** Appends one token to every row. `tensors` are in the order of `tensors()`, each [B, KV, 1, headDim]. */
  append(tensors: readonly HostTensor[]): void {
    const { kvHeads, headDim } = this.dimensions;
    this.reserve(this.longest() + 1);
    for (const [i, { data }] of tensors.entries()) {
      const target = this.arrays[i]!;
      for (let row = 0; row < this.lengths.length; row++) {
        for (let head = 0; head < kvHeads; head++) {
          const to = this.offset(row, head, this.lengths[row]!);
          const from = (row * kvHeads + head) * headDim;
          for (let d = 0; d < headDim; d++) target[to + d] = data[from + d]!;
        }
      }
    }
    for (let row = 0; row < this.lengths.length; row++) this.lengths[row]!++;
  }

  /** Keeps these rows, given in ascending order, and drops the others. */
  keep(rows: readonly number[]): void {
    const stride = this.dimensions.kvHeads * this.allocated * this.dimensions.headDim;
    this.arrays = this.arrays.map((array) => {
      for (const [to, from] of rows.entries())
        array.copyWithin(to * stride, from * stride, (from + 1) * stride);
      return array.subarray(0, rows.length * stride);
    });
    this.lengths = Int32Array.from(rows, (row) => this.lengths[row]!);
  }

  private longest(): number {
    return this.lengths.reduce((a, b) => Math.max(a, b), 0);
  }

  private offset(row: number, head: number, position: number): number {
    return ((row * this.dimensions.kvHeads + head) * this.allocated + position) * this.dimensions.headDim;
  }

  /** Makes room for `positions`. If there is not enough, copies the arrays to larger ones. */
  private reserve(positions: number): void {
    if (positions <= this.allocated) return;
    const { kvHeads, headDim } = this.dimensions;
    const capacity = Math.ceil(positions / STEP) * STEP;
    const blocks = this.lengths.length * kvHeads;
    const before = this.allocated * headDim;
    this.arrays = this.arrays.map((array) => {
      const grown = new Float32Array(blocks * capacity * headDim);
      for (let block = 0; block < blocks; block++) {
        grown.set(array.subarray(block * before, (block + 1) * before), block * capacity * headDim);
      }
      return grown;
    });
    this.allocated = capacity;
  }
}
