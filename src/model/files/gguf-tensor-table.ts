import { InputError } from '../../errors.ts';
import { quoted } from '../../io/text/shown.ts';
import type { GgufCursor, GgufValue } from './gguf-cursor.ts';
import { type GgmlType, ggmlType } from './gguf-types.ts';

/** A tensor's place in a GGUF file. */
export interface GgufTensor {
  /** Element type by its GGUF name, such as "Q4_1". */
  readonly type: string;
  /** Row-major, rows first: ggml's `ne` reversed. */
  readonly shape: readonly number[];
  /** First byte, from the start of the file. */
  readonly position: number;
  /** Length in the file; 0 for a type that ggml does not have. */
  readonly byteLength: number;
}

/** ggml has no tensors of more dimensions. */
const MOST_DIMENSIONS = 4;

/**
 * Reads the table of tensors, which ends the header; the tensors themselves start at the next multiple of the
 * alignment.
 * @throws InputError when a tensor has an impossible shape or lies outside the file, or two have one name or one place.
 */
export function readTensorTable(
  cursor: GgufCursor,
  file: {
    readonly tensorCount: number;
    readonly metadata: Readonly<Record<string, GgufValue>>;
    readonly fileSize: number;
  },
): Map<string, GgufTensor> {
  const alignment = alignmentOf(file.metadata['general.alignment']);
  const entries = new Map<string, GgufTensor>();
  for (let i = 0; i < file.tensorCount; i++) {
    const name = cursor.string();
    if (entries.has(name)) throw new InputError(`it has the tensor ${quoted(name)} twice`);
    entries.set(name, readEntry(cursor, name, alignment));
  }
  const start = Math.ceil(cursor.at / alignment) * alignment;
  const tensors = new Map(
    Array.from(
      entries,
      ([name, tensor]) => [name, { ...tensor, position: start + tensor.position }] as const,
    ),
  );
  checkPlaces(tensors, file.fileSize);
  return tensors;
}

function alignmentOf(value: GgufValue = 32): number {
  const alignment = Number(value);
  if (alignment >= 1 && alignment < 2 ** 32 && Number.isInteger(Math.log2(alignment))) return alignment;
  throw new InputError(`general.alignment is ${quoted(String(value))}, but must be a power of two`);
}

/** Its position is still counted from the first tensor. */
function readEntry(cursor: GgufCursor, name: string, alignment: number): GgufTensor {
  const where = `tensor ${quoted(name)}`;
  const dimensions = cursor.u32();
  if (dimensions > MOST_DIMENSIONS) {
    throw new InputError(`${where} has ${dimensions} dimensions; ggml's have at most ${MOST_DIMENSIONS}`);
  }
  const ne = Array.from({ length: dimensions }, () => cursor.u64(`a dimension of ${where}`));
  const id = cursor.u32();
  const position = cursor.u64(`the offset of ${where}`);
  if (position % alignment !== 0) {
    throw new InputError(
      `${where} has the offset ${position}, which is no multiple of the alignment ${alignment}`,
    );
  }
  const type = ggmlType(id);
  const shape = ne.reverse();
  return { type: type?.name ?? `type ${id}`, shape, position, byteLength: bytesOf({ type, shape, where }) };
}

function bytesOf({ type, shape, where }: TypedShape): number {
  const count = shape.reduce((a, b) => a * b, 1);
  if (!Number.isSafeInteger(count)) {
    throw new InputError(`${where} of shape [${shape}] has more values than any file`);
  }
  if (type === undefined) return 0;
  if ((shape.at(-1) ?? 1) % type.elements !== 0) {
    throw new InputError(`${where} of shape [${shape}] is not whole ${type.name} blocks`);
  }
  return (count / type.elements) * type.bytes;
}

interface TypedShape {
  readonly type: GgmlType | undefined;
  readonly shape: readonly number[];
  readonly where: string;
}

function checkPlaces(tensors: ReadonlyMap<string, GgufTensor>, fileSize: number): void {
  const inOrder = [...tensors].sort(([, a], [, b]) => a.position - b.position);
  let end = 0;
  let before = '';
  for (const [name, { position, byteLength }] of inOrder) {
    if (position < end) throw new InputError(`tensors ${quoted(before)} and ${quoted(name)} overlap`);
    end = position + byteLength;
    before = name;
    if (end > fileSize) {
      throw new InputError(
        `it is truncated: it has ${fileSize} bytes, tensor ${quoted(name)} ends at ${end}; download it again`,
      );
    }
  }
}
