import { InputError } from '../../errors.ts';
import { float32ToBfloat16, float32ToHalf } from './half.ts';
import { quantiseQ8_0 } from './quantise-q8-0.ts';

/** How float32 numbers are stored: values and bytes of a block, and the rounding. */
interface Encoding {
  readonly blockElements: number;
  readonly blockBytes: number;
  readonly encode: (values: Float32Array) => ArrayBufferView;
}

const encodings = {
  F32: { blockElements: 1, blockBytes: 4, encode: (values) => values },
  F16: { blockElements: 1, blockBytes: 2, encode: float32ToHalf },
  BF16: { blockElements: 1, blockBytes: 2, encode: float32ToBfloat16 },
  Q8_0: { blockElements: 32, blockBytes: 34, encode: quantiseQ8_0 },
} as const satisfies Record<string, Encoding>;

/** Element types that can be written, by their names in safetensors and GGUF. Q8_0 is GGUF's alone. */
export type EncodedType = keyof typeof encodings;

/** Number of bytes of so many values, which are whole blocks. */
export function encodedBytes(type: EncodedType, values: number): number {
  const { blockElements, blockBytes } = encodings[type];
  return (values / blockElements) * blockBytes;
}

/** Whether rows of this length are whole blocks of the type. */
export function isWholeBlocks(type: EncodedType, columns: number): boolean {
  return columns % encodings[type].blockElements === 0;
}

/** A tensor to be written. It is read when its turn comes, so that only one is in memory beside the model. */
export interface TensorToWrite {
  readonly name: string;
  /** Row-major, rows first. */
  readonly shape: readonly number[];
  readonly read: () => Float32Array | Promise<Float32Array>;
}

/** A tensor of numbers that are rounded already: the bit patterns of bfloat16. */
export interface Bfloat16Tensor extends Pick<TensorToWrite, 'name' | 'shape'> {
  readonly bits: Uint16Array;
}

/**
 * Reads a tensor and rounds it to the type's bytes.
 * @throws InputError naming the tensor when the type can't hold one of its values; RangeError when it is not as long as
 * its shape.
 */
export async function encodeTensor(tensor: TensorToWrite, type: EncodedType): Promise<Uint8Array> {
  const { name, read } = tensor;
  const values = await read();
  checkLength(tensor, values.length);
  try {
    return bytesOf(encodings[type].encode(values));
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new InputError(`tensor "${name}": ${error.message}; write the model as bf16 or f32`);
  }
}

/** The bytes of a tensor that is bfloat16 already. @throws RangeError when it is not as long as its shape. */
export function bfloat16Bytes(tensor: Bfloat16Tensor): Uint8Array {
  checkLength(tensor, tensor.bits.length);
  return bytesOf(tensor.bits);
}

function checkLength({ name, shape }: Pick<TensorToWrite, 'name' | 'shape'>, length: number): void {
  if (shape.reduce((count, axis) => count * axis, 1) === length) return;
  throw new RangeError(`tensor "${name}" of shape [${shape}] has ${length} values`);
}

const bytesOf = ({ buffer, byteOffset, byteLength }: ArrayBufferView) =>
  new Uint8Array(buffer, byteOffset, byteLength);
