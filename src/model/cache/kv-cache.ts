import type { HostTensor } from '../../engine/engine.ts';

/** Sizes of a model's cache: L layers, each with KV heads of headDim numbers for each token. */
export interface CacheDimensions {
  readonly layers: number;
  readonly kvHeads: number;
  readonly headDim: number;
}

/** The keys and values of one text's first tokens: [KV, length, headDim] for each array of a cache. */
export interface TextKeys {
  readonly length: number;
  readonly arrays: readonly Float32Array[];
}

/** Bytes of the keys and values of one token. */
export const bytesOfToken = ({ layers, kvHeads, headDim }: CacheDimensions): number =>
  8 * layers * kvHeads * headDim;

/**
 * Positions that are allocated for a text: a multiple of 32, or of an eighth of the next power of two if that is more,
 * so that a cache that grows is rarely copied.
 */
export function allocatedFor(positions: number): number {
  const step = Math.max(32, 2 ** Math.ceil(Math.log2(Math.max(1, positions))) / 8);
  return Math.ceil(positions / step) * step;
}

/**
 * The key/value cache of B rows, in host memory: k and v [B, KV, S, headDim] for each layer. Row b uses its first
 * `lengths[b]` positions. A decode step reads the arrays in place. Its own keys and values are appended afterwards. Rows
 * come and go: new ones stand at the end, and the last one moves to the place of one that leaves.
 */
export class KvCache {
  private arrays: Float32Array[];
  private readonly dimensions: CacheDimensions;
  private used: number[] = [];
  /** Positions of each row, and rows, that there is room for. */
  private positions = 0;
  private room = 0;

  constructor(dimensions: CacheDimensions, rows = 0) {
    this.dimensions = dimensions;
    this.arrays = Array.from({ length: 2 * dimensions.layers }, () => new Float32Array(0));
    if (rows > 0) this.add(rows, 1);
  }

  /** Rows, B. */
  get rows(): number {
    return this.used.length;
  }

  /** Positions allocated for each row, S. */
  get capacity(): number {
    return this.positions;
  }

  /** Rows that there is room for. */
  get space(): number {
    return this.room;
  }

  /** Bytes that are allocated. */
  get bytes(): number {
    return this.arrays.reduce((sum, { byteLength }) => sum + byteLength, 0);
  }

  /** Positions in use, [B]. */
  get lengths(): Int32Array {
    return Int32Array.from(this.used);
  }

  /** Positions of the longest row. */
  get longest(): number {
    return this.used.reduce((a, b) => Math.max(a, b), 0);
  }

  lengthOf(row: number): number {
    return this.used[row]!;
  }

  /**
   * Returns the arrays as program inputs: [k0, v0, k1, v1, …], each [B, KV, S, headDim], or those of `count` rows from
   * `first` on.
   */
  tensors(first = 0, count = this.rows - first): HostTensor[] {
    const { kvHeads, headDim } = this.dimensions;
    const shape = [count, kvHeads, this.positions, headDim];
    const { stride } = this;
    return this.arrays.map((data) => ({
      data: data.subarray(first * stride, (first + count) * stride),
      shape,
      dtype: 'float32',
    }));
  }

  /**
   * Adds empty rows at the end, with room for some positions in every row. Returns the index of the first.
   * @param most rows that there may be room for, where more are made room for than there are.
   */
  add(count: number, positions: number, most = Number.POSITIVE_INFINITY): number {
    const first = this.rows;
    const rows = first + count;
    const needed = allocatedFor(positions);
    // Room that was made for many short rows is not kept for as many long ones.
    if (needed > this.positions) this.arrange(rows, needed);
    // Rows that come one by one are not each a copy of the others.
    else if (rows > this.room)
      this.arrange(Math.max(rows, Math.min(most, Math.floor(1.25 * this.room))), this.positions);
    for (let i = 0; i < count; i++) this.used.push(0);
    return first;
  }

  /**
   * Copies the first `length` positions of prefilled prompt number `prompt` into each of `rows`. `tensors` are in the
   * order of `tensors()`, each [P, KV, T, headDim].
   */
  fill(rows: readonly number[], tensors: readonly HostTensor[], prompt: number, length: number): void {
    for (const row of rows) this.used[row] = 0;
    for (const row of rows) this.extend(row, tensors, { prompt, length });
  }

  /** Appends the first `length` tokens of prompt number `prompt` of `tensors`, each [P, KV, T, headDim], to a row. */
  extend(
    row: number,
    tensors: readonly HostTensor[],
    { prompt, length }: { readonly prompt: number; readonly length: number },
  ): void {
    const { kvHeads, headDim } = this.dimensions;
    const start = this.used[row]!;
    this.reserve(start + length);
    for (const [i, { data, shape }] of tensors.entries()) {
      for (let head = 0; head < kvHeads; head++) {
        const from = (prompt * kvHeads + head) * shape[2]! * headDim;
        const block = (data as Float32Array).subarray(from, from + length * headDim);
        this.arrays[i]!.set(block, this.offset(row, head, start));
      }
    }
    this.used[row] = start + length;
  }

  /** Appends one token to every row. `tensors` are in the order of `tensors()`, each [B, KV, 1, headDim]. */
  append(tensors: readonly HostTensor[]): void {
    const { kvHeads, headDim } = this.dimensions;
    this.reserve(this.longest + 1);
    for (const [i, { data }] of tensors.entries()) {
      const target = this.arrays[i]!;
      for (let row = 0; row < this.rows; row++) {
        for (let head = 0; head < kvHeads; head++) {
          const to = this.offset(row, head, this.used[row]!);
          const from = (row * kvHeads + head) * headDim;
          for (let d = 0; d < headDim; d++) target[to + d] = data[from + d]!;
        }
      }
    }
    for (let row = 0; row < this.rows; row++) this.used[row]!++;
  }

  /** Keeps the first `length` tokens of a row. */
  cut(row: number, length: number): void {
    this.used[row] = Math.min(length, this.used[row]!);
  }

  /** Makes the first `length` tokens of a text the whole of a row. */
  write(row: number, keys: TextKeys, length: number): void {
    const { kvHeads, headDim } = this.dimensions;
    const shape = [1, kvHeads, keys.length, headDim];
    this.used[row] = 0;
    const tensors = keys.arrays.map((data): HostTensor => ({ data, shape, dtype: 'float32' }));
    this.extend(row, tensors, { prompt: 0, length });
  }

  /** Copies the keys and values of a row's first tokens, all when `length` is left out. */
  read(row: number, length = this.used[row]!): TextKeys {
    const { kvHeads, headDim } = this.dimensions;
    const arrays = this.arrays.map((array) => {
      const copy = new Float32Array(kvHeads * length * headDim);
      for (let head = 0; head < kvHeads; head++) {
        const from = this.offset(row, head, 0);
        copy.set(array.subarray(from, from + length * headDim), head * length * headDim);
      }
      return copy;
    });
    return { length, arrays };
  }

  /** Removes a row. The last one moves to its place. A cache without rows holds no memory. */
  remove(row: number): void {
    const last = this.rows - 1;
    const { stride } = this;
    if (row < last) {
      for (const array of this.arrays) array.copyWithin(row * stride, last * stride, last * stride + stride);
      this.used[row] = this.used[last]!;
    }
    this.used.pop();
    if (this.rows === 0) this.arrange(0, 0);
    else if (this.positions > 256 && this.longest <= this.positions / 2)
      this.arrange(this.rows, allocatedFor(this.longest));
    // A second row that comes and goes at each step is not a copy each time.
    else if (this.room > 2 && this.rows <= this.room / 2) this.trim();
  }

  /** Gives back the room for more rows than there are, or than a number of them. */
  trim(rows = 0): void {
    const room = Math.max(rows, this.rows);
    if (room < this.room) this.arrange(room, this.positions);
  }

  /** Gives back what is more than some positions for every row. */
  shrink(positions: number): void {
    const needed = allocatedFor(Math.max(positions, this.longest));
    if (needed < this.positions) this.arrange(this.rows, needed);
  }

  private get stride(): number {
    return this.dimensions.kvHeads * this.positions * this.dimensions.headDim;
  }

  private offset(row: number, head: number, position: number): number {
    return ((row * this.dimensions.kvHeads + head) * this.positions + position) * this.dimensions.headDim;
  }

  private reserve(positions: number): void {
    if (positions > this.positions) this.arrange(this.rows, allocatedFor(positions));
  }

  /** Copies the rows to arrays with room for so many rows and positions, unless these have it. */
  private arrange(room: number, positions: number): void {
    if (room === this.room && positions === this.positions) return;
    const { kvHeads, headDim } = this.dimensions;
    const [before, after] = [this.positions * headDim, positions * headDim];
    const kept = Math.min(before, after);
    this.arrays = this.arrays.map((array) => {
      const arranged = new Float32Array(room * kvHeads * after);
      for (let block = 0; block < this.rows * kvHeads; block++)
        arranged.set(array.subarray(block * before, block * before + kept), block * after);
      return arranged;
    });
    this.positions = positions;
    this.room = room;
  }
}
