import * as tf from '../tfjs.ts';
import { fusedOp } from './fused-kernel.ts';

// A frozen weight matrix Ŵ [out, in] in few bits. model/weights/quantise.ts makes it and has the formulas. It is widened
// to float32 where it is used, a part at a time, and products are computed in float32. It has no gradient.
//
//   format     codes                                                               scales         Ŵ
//   bfloat16   the numbers, [out, in]                                              1              codes
//   q8         32 signed bytes a block, [out, blocks, 8] words                     [out, blocks]  scale·code
//   q4         32 half bytes a block, [out, blocks, 4] words: code i of a block    [out, blocks]  scale·(code − 8)
//              is the low half of byte i, code 16 + i the high half

/** Codes in a block, which share a scale. */
export const QUANTISED_BLOCK = 32;

export type QuantisedFormat = 'bfloat16' | 'q8' | 'q4';

/** A quantised matrix inside a program. A program sees bytes as int32 words: `programView`. */
export interface QuantisedWeight {
  readonly format: QuantisedFormat;
  readonly codes: tf.Tensor;
  /** A scalar 1 for bfloat16. */
  readonly scales: tf.Tensor;
}

type Stored = { readonly codes: tf.Tensor; readonly scales: tf.Tensor };
type Attributes = { readonly format: QuantisedFormat };

const linearKernel = fusedOp<Stored & { readonly x: tf.Tensor }, Attributes>({
  kernelName: 'QuantisedLinear',
  inputs: ['x', 'codes', 'scales'],
  composite: ({ x, ...stored }, { format }) => [tf.matMul(x, dequantise({ ...stored, format }), false, true)],
  gradient: ({ dys, inputs: { codes, scales }, attributes: { format } }) => ({
    x: () => quantisedProduct(dys[0] as tf.Tensor2D, { format, codes, scales }),
  }),
});

const productKernel = fusedOp<Stored & { readonly y: tf.Tensor }, Attributes>({
  kernelName: 'QuantisedProduct',
  inputs: ['y', 'codes', 'scales'],
  composite: ({ y, ...stored }, { format }) => [tf.matMul(y, dequantise({ ...stored, format }))],
  gradient: ({ dys, inputs: { codes, scales }, attributes: { format } }) => ({
    y: () => quantisedLinear(dys[0] as tf.Tensor2D, { format, codes, scales }),
  }),
});

const rowsKernel = fusedOp<Stored & { readonly rows: tf.Tensor }, Attributes>({
  kernelName: 'QuantisedRows',
  inputs: ['codes', 'scales', 'rows'],
  composite: ({ codes, scales, rows }, { format }) => {
    const take = (table: tf.Tensor) => tf.gather(table, rows as tf.Tensor1D);
    return [
      dequantise({ format, codes: take(codes), scales: format === 'bfloat16' ? scales : take(scales) }),
    ];
  },
  gradient: () => ({}),
});

/** Computes x·Ŵᵀ: x [N, in] → [N, out]. The gradient of x is dy·Ŵ. */
export function quantisedLinear(x: tf.Tensor2D, { format, codes, scales }: QuantisedWeight): tf.Tensor2D {
  return linearKernel({ x, codes, scales }, { format })[0] as tf.Tensor2D;
}

/** Computes y·Ŵ: y [N, out] → [N, in]. */
export function quantisedProduct(y: tf.Tensor2D, { format, codes, scales }: QuantisedWeight): tf.Tensor2D {
  return productKernel({ y, codes, scales }, { format })[0] as tf.Tensor2D;
}

/** Looks up rows of Ŵ: rows int32 [N] → [N, in]. */
export function quantisedRows({ format, codes, scales }: QuantisedWeight, rows: tf.Tensor1D): tf.Tensor2D {
  return rowsKernel({ codes, scales, rows }, { format })[0] as tf.Tensor2D;
}

/** Widens a whole matrix, with tfjs's own ops: → [out, in]. */
function dequantise({ format, codes, scales }: QuantisedWeight): tf.Tensor2D {
  if (format === 'bfloat16') return codes as tf.Tensor2D;
  const [rows, blocks] = codes.shape as [number, number];
  const bytes = tf.reshape(fields(codes), [rows, blocks, -1]);
  const signed = format === 'q8' ? signedBytes(bytes) : signedHalves(bytes);
  const values = tf.mul(tf.cast(signed, 'float32'), tf.expandDims(scales, 2));
  return tf.reshape(values, [rows, blocks * QUANTISED_BLOCK]);
}

const int = (value: number) => tf.scalar(value, 'int32');

/** The four bytes of each word, the lowest first: [..., W] → [..., W, 4], from 0 to 255. */
function fields(words: tf.Tensor): tf.Tensor {
  const places = tf.tensor1d(
    [0, 8, 16, 24].map((bits) => 2 ** bits),
    'int32',
  );
  return tf.mod(tf.floorDiv(tf.expandDims(words, -1), places), int(256));
}

const signedBytes = (bytes: tf.Tensor) => tf.sub(tf.mod(tf.add(bytes, int(128)), int(256)), int(128));

const signedHalves = (bytes: tf.Tensor) =>
  tf.sub(tf.concat([tf.mod(bytes, int(16)), tf.floorDiv(bytes, int(16))], 2), int(8));
