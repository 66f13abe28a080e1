import { z } from 'zod';
import { InputError } from '../../errors.ts';
import type { BinaryFile } from '../../io/binary-file.ts';
import { checkForm, parseJson } from '../../io/read-json.ts';
import { repeatedKey } from '../../io/text/json-structure.ts';
import { quoted, shown } from '../../io/text/shown.ts';
import { bfloat16ToFloat32, halfToFloat32 } from './half.ts';

/**
 * safetensors (https://github.com/huggingface/safetensors): 8 bytes header length, a JSON header
 * name → { dtype, shape, data_offsets }, then the tensors' bytes, little-endian, without gaps.
 */

/** Bytes per element, and how an element type is brought into memory: 16-bit floats widen to float32, exactly. */
export const elementTypes = {
  F64: { bytes: 8, load: (buffer: ArrayBuffer) => new Float64Array(buffer) },
  F32: { bytes: 4, load: (buffer: ArrayBuffer) => new Float32Array(buffer) },
  F16: { bytes: 2, load: (buffer: ArrayBuffer) => halfToFloat32(new Uint16Array(buffer)) },
  BF16: { bytes: 2, load: (buffer: ArrayBuffer) => bfloat16ToFloat32(new Uint16Array(buffer)) },
  I64: { bytes: 8, load: (buffer: ArrayBuffer) => new BigInt64Array(buffer) },
  I32: { bytes: 4, load: (buffer: ArrayBuffer) => new Int32Array(buffer) },
  U8: { bytes: 1, load: (buffer: ArrayBuffer) => new Uint8Array(buffer) },
  BOOL: { bytes: 1, load: (buffer: ArrayBuffer) => new Uint8Array(buffer) },
};

export type SafetensorsDType = keyof typeof elementTypes;

export interface SafetensorsEntry {
  readonly dtype: SafetensorsDType;
  readonly shape: readonly number[];
  /** First byte and byte after the last, from the start of the data. */
  readonly data_offsets: readonly [number, number];
}

const whole = z.int().nonnegative();
const entrySchema = z.strictObject({
  dtype: z.enum(Object.keys(elementTypes) as [SafetensorsDType]),
  shape: z.array(whole),
  data_offsets: z.tuple([whole, whole]),
});
const headerSchema = z.looseObject({ __metadata__: z.record(z.string(), z.string()).default({}) });

/** The longest header that is read: some hundred thousand tensors. */
const MAX_HEADER = 32e6;

/** What a file holds and where its data begins. */
export interface SafetensorsHeader {
  readonly entries: ReadonlyMap<string, SafetensorsEntry>;
  readonly metadata: Readonly<Record<string, string>>;
  readonly dataStart: number;
}

/**
 * Reads a file's header and checks it against the file's length.
 * @throws InputError naming the file and what is wrong with it.
 */
export async function readHeader(file: BinaryFile): Promise<SafetensorsHeader> {
  if (file.size < 8) throw new InputError(`${file.path} is truncated: ${file.size} bytes hold no header`);
  const length = new DataView(await file.read(0, 8)).getBigUint64(0, true);
  if (length > BigInt(file.size - 8)) {
    throw new InputError(
      `${file.path} is truncated or no safetensors file: its header should be ${length} bytes, the file has ${file.size}`,
    );
  }
  if (length > MAX_HEADER) {
    throw new InputError(
      `${file.path}: its header has ${length} bytes; one of at most ${MAX_HEADER} is read`,
    );
  }
  const text = Buffer.from(await file.read(8, Number(length))).toString('utf8');
  const where = `${file.path} (header)`;
  const { __metadata__: metadata, ...table } = parseJson(text, headerSchema, where);
  const repeated = repeatedKey(text);
  if (repeated !== undefined) throw new InputError(`${where} has ${quoted(repeated)} twice`);
  const entries = new Map<string, SafetensorsEntry>();
  for (const [name, entry] of Object.entries(table)) {
    const form = z.object({ [name]: entrySchema });
    entries.set(name, checkForm({ [name]: entry }, form, where)[name]!);
  }
  const dataStart = 8 + Number(length);
  checkOffsets(entries, file, dataStart);
  return { entries, metadata, dataStart };
}

/** Every tensor must be as long as its shape says, begin where the one before ends, and the last end with the file. */
function checkOffsets(entries: ReadonlyMap<string, SafetensorsEntry>, file: BinaryFile, dataStart: number) {
  const inOrder = [...entries].sort(
    ([, a], [, b]) => a.data_offsets[0] - b.data_offsets[0] || a.data_offsets[1] - b.data_offsets[1],
  );
  let position = 0;
  for (const [name, { data_offsets, shape, dtype }] of inOrder) {
    const [start, end] = data_offsets;
    const bytes = elementCount(shape) * elementTypes[dtype].bytes;
    if (end - start !== bytes) {
      throw new InputError(
        `${file.path}: tensor ${quoted(name)} of shape [${shown(shape.join())}] in ${dtype} needs ${bytes} bytes, its offsets hold ${end - start}`,
      );
    }
    if (start !== position) {
      const fault =
        start < position ? 'overlaps the tensor before it' : 'leaves a gap after the tensor before it';
      throw new InputError(
        `${file.path}: tensor ${quoted(name)} at offset ${start} ${fault} (which ends at ${position})`,
      );
    }
    position = end;
  }
  if (dataStart + position > file.size) {
    throw new InputError(
      `${file.path} is truncated: it has ${file.size} bytes, its header promises ${dataStart + position}; download it again`,
    );
  }
  if (dataStart + position < file.size) {
    throw new InputError(
      `${file.path} is ${file.size} bytes long, but its header accounts for ${dataStart + position}`,
    );
  }
}

export function elementCount(shape: readonly number[]): number {
  return shape.reduce((count, axis) => count * axis, 1);
}
