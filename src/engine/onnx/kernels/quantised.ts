import { QUANTISED_BLOCK as BLOCK, type QuantisedFormat } from '../../ops/quantised-weight.ts';
import {
  cast,
  constant,
  int64s,
  node,
  regrouped,
  reshape,
  scalar,
  typeCodes,
  type Value,
} from '../trace/graph.ts';
import type { KernelAttributes, TraceKernel } from '../trace/trace-backend.ts';
import { zeroFrom } from './order.ts';

// Products with quantised weights. A weight is widened piece by piece: a piece of at most 16 MB is used at once and its
// memory taken again, whereas fresh memory for a whole weight costs more time than the widening. Each piece is cut only
// when the other factor of its product is there. Otherwise onnxruntime would widen the weights of all layers first.

const PIECE = 2 ** 22;

interface Stored {
  readonly format: QuantisedFormat;
  readonly codes: Value;
  readonly scales: Value;
}

const storedOf = (codes: Value, scales: Value, { format }: KernelAttributes): Stored => ({
  format: format as QuantisedFormat,
  codes,
  scales,
});

const columnsOf = ({ format, codes }: Stored): number =>
  codes.shape[1]! * (format === 'bfloat16' ? 1 : BLOCK);

/** x·Ŵᵀ, a piece of the outputs at a time. */
const linear: TraceKernel = ({ x, codes, scales }, attributes) => {
  const weight = storedOf(codes!, scales!, attributes);
  if (weight.format === 'q4' && isFixed(codes!)) return matMulNBits(x!, weight);
  const rows = Math.max(1, Math.floor(PIECE / columnsOf(weight)));
  const parts = pieces(weight, { axis: 0, size: rows, waitsFor: x! }).map((piece) => {
    const output = { dtype: 'float32', shape: [x!.shape[0]!, piece.codes.shape[0]!] } as const;
    return node('FusedMatMul', [x!, widen(piece)], output, {
      domain: 'com.microsoft',
      attributes: { transA: 0, transB: 1 },
    });
  });
  return beside(parts);
};

/** y·Ŵ, a piece of the columns at a time. */
const product: TraceKernel = ({ y, codes, scales }, attributes) => {
  const weight = storedOf(codes!, scales!, attributes);
  const unit = weight.format === 'bfloat16' ? 1 : BLOCK;
  const columns = Math.max(1, Math.floor(PIECE / codes!.shape[0]! / unit));
  const parts = pieces(weight, { axis: 1, size: columns, waitsFor: y! }).map((piece) => {
    const output = { dtype: 'float32', shape: [y!.shape[0]!, columnsOf(piece)] } as const;
    return node('MatMul', [y!, widen(piece)], output);
  });
  return beside(parts);
};

const rowsKernel: TraceKernel = ({ codes, scales, rows }, attributes) => {
  const take = (table: Value) => {
    const shape = [rows!.shape[0]!, ...table.shape.slice(1)];
    return node('Gather', [table, rows!], { dtype: table.dtype, shape }, { attributes: { axis: 0 } });
  };
  const weight = storedOf(codes!, scales!, attributes);
  const { format } = weight;
  return widen({
    format,
    codes: take(codes!),
    scales: format === 'bfloat16' ? scales! : take(scales!),
  });
};

const isFixed = ({ source }: Value): boolean => source.kind === 'input' && source.fixed;

interface Cut {
  readonly axis: 0 | 1;
  /** Rows or blocks of a part; the last part may have fewer. */
  readonly size: number;
  /** The parts are cut after this is computed. */
  readonly waitsFor: Value;
}

/** Cuts a weight along an axis into parts. */
function pieces({ format, codes, scales }: Stored, cut: Cut): Stored[] {
  const cutScales = format === 'bfloat16' ? undefined : cutUp(scales, cut);
  return cutUp(codes, cut).map((part, i) => ({
    format,
    codes: part,
    scales: cutScales?.[i] ?? scales,
  }));
}

function cutUp(value: Value, { axis, size, waitsFor }: Cut): readonly Value[] {
  const total = value.shape[axis]!;
  const zero = zeroFrom(waitsFor);
  return Array.from({ length: Math.ceil(total / size) }, (_, i) => {
    const [from, to] = [i * size, Math.min((i + 1) * size, total)];
    const start = node('Add', [zero, int64s([from])], { dtype: 'int64', shape: [1] });
    const shape = value.shape.map((dim, other) => (other === axis ? to - from : dim));
    return node('Slice', [value, start, int64s([to]), int64s([axis])], { dtype: value.dtype, shape });
  });
}

function beside(parts: readonly Value[]): Value {
  if (parts.length === 1) return parts[0]!;
  const width = parts.reduce((sum, { shape }) => sum + shape[1]!, 0);
  const output = { dtype: 'float32', shape: [parts[0]!.shape[0]!, width] } as const;
  return node('Concat', parts, output, { attributes: { axis: 1 } });
}

/** Widens a weight to float32, [rows, columns]. */
function widen({ format, codes, scales }: Stored): Value {
  if (format === 'bfloat16') {
    const to = typeCodes.bfloat16;
    const floats = node(
      'BitCast',
      [codes],
      { dtype: 'bfloat16', shape: codes.shape },
      { attributes: { to } },
    );
    return cast(floats, 'float32');
  }
  return format === 'q8' ? scaled(codes, scales) : scaled(sixteenfold(codes), sixteenth(scales));
}

/** scale·code of signed bytes: codes [rows, blocks, 32], scales [rows, blocks] → [rows, columns] */
function scaled(codes: Value, scales: Value): Value {
  const [rows, blocks] = scales.shape as [number, number];
  const count = rows * blocks;
  const floats = node(
    'DequantizeLinear',
    [reshape(codes, [count, BLOCK]), reshape(scales, [count])],
    { dtype: 'float32', shape: [count, BLOCK] },
    { attributes: { axis: 0 } },
  );
  return reshape(floats, [rows, blocks * BLOCK]);
}

/**
 * 16·(code − 8) of half bytes as signed bytes, [rows, blocks, 32]. Flipping the highest bit subtracts 8 in two's
 * complement, and a half byte in the upper half of a byte with zeros below counts sixteenfold.
 */
function sixteenfold(codes: Value): Value {
  const byte = (value: number) => constant(Uint8Array.of(value), 'uint8', []);
  const flipped = node('BitwiseXor', [codes, byte(0x88)], codes);
  const low = node('BitShift', [flipped, byte(4)], codes, { attributes: { direction: 'LEFT' } });
  const high = node('BitwiseAnd', [flipped, byte(0xf0)], codes);
  const shape = [...codes.shape.slice(0, 2), BLOCK];
  return cast(node('Concat', [low, high], { dtype: 'uint8', shape }, { attributes: { axis: 2 } }), 'int8');
}

/** Exact: a power of two. */
const sixteenth = (scales: Value): Value => node('Mul', [scales, scalar(1 / 16, 'float32')], scales);

/**
 * x·Ŵᵀ with onnxruntime's own kernel, which packs a fixed weight once and multiplies without widening it. It accumulates
 * floats. It wants codes 2i and 2i + 1 of a block in byte i.
 */
function matMulNBits(x: Value, { codes, scales }: Stored): Value {
  const [rows, blocks] = scales.shape as [number, number];
  return node(
    'MatMulNBits',
    [x, regrouped(codes), scales],
    { dtype: 'float32', shape: [x.shape[0]!, rows] },
    { domain: 'com.microsoft', attributes: { K: blocks * BLOCK, N: rows, bits: 4, block_size: BLOCK } },
  );
}

/** The ops of engine/ops/quantised-weight.ts. */
export const quantisedKernels: Readonly<Record<string, TraceKernel>> = {
  QuantisedLinear: linear,
  QuantisedProduct: product,
  QuantisedRows: rowsKernel,
};
