/**
 * The order in which llama.cpp stores the rows of q and k of some families: in each head, row 2i + j (pair i, half j) is
 * Hugging Face's row j·pairs + i. data: [heads·headDim, columns]
 */
interface Heads {
  readonly shape: readonly number[];
  readonly heads: number;
}

/** From llama.cpp's order to Hugging Face's. */
export function unpermuteRows(data: Float32Array, heads: Heads): Float32Array {
  return moveRows(data, heads, (row, pairs) => (row % 2) * pairs + (row >> 1));
}

/** From Hugging Face's order to llama.cpp's. */
export function permuteRows(data: Float32Array, heads: Heads): Float32Array {
  return moveRows(data, heads, (row, pairs) => (row % pairs) * 2 + Math.floor(row / pairs));
}

/** Moves each row of a head to the place in the head that `target` gives for it. */
function moveRows(
  data: Float32Array,
  { shape, heads }: Heads,
  target: (row: number, pairs: number) => number,
): Float32Array {
  const [rows = 1, columns = 1] = shape;
  const headDim = rows / heads;
  const out = new Float32Array(data.length);
  for (let row = 0; row < rows; row++) {
    const inHead = row % headDim;
    const to = row - inHead + target(inHead, headDim / 2);
    out.set(data.subarray(row * columns, (row + 1) * columns), to * columns);
  }
  return out;
}
