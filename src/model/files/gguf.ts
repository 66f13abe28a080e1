import { InputError } from '../../errors.ts';
import { type BinaryFile, openBinaryFile } from '../../io/binary-file.ts';
import { quoted } from '../../io/text/shown.ts';
import { quantType, supportedQuantTypes } from './gguf-dequantise.ts';
import { type GgufMetadata, readGgufHeader } from './gguf-header.ts';
import type { GgufTensor } from './gguf-tensor-table.ts';
import { bytesOf, type RowRange } from './row-range.ts';

/** An open GGUF file: metadata, table of tensors, and the tensors one at a time. */
export interface GgufFile {
  readonly path: string;
  readonly metadata: GgufMetadata;
  readonly tensors: ReadonlyMap<string, GgufTensor>;
  /**
   * Dequantises a tensor, or some of its rows, to float32, bit-exact with gguf-py, in the file's own row order.
   * @throws InputError when there is no such tensor, its type is not supported, or the file is truncated.
   */
  read(name: string, rows?: RowRange): Promise<Float32Array>;
  close(): Promise<void>;
}

/**
 * Opens a GGUF file; of a model that is split into several, whichever is named, all of them as one.
 * @throws InputError naming the file when it is missing, not GGUF, big-endian or truncated, or a part of a split model
 * is.
 */
export async function openGguf(path: string): Promise<GgufFile> {
  const file = await openPart(path);
  const count = file.metadata['split.count'];
  if (typeof count !== 'number' || count <= 1) return file;
  await file.close();
  const files = await openParts(partsOf(file, count));
  try {
    return joined(files);
  } catch (error) {
    await closeAll(files);
    throw error;
  }
}

async function openPart(path: string): Promise<GgufFile> {
  const file = await openBinaryFile(path);
  try {
    const { metadata, tensors } = await readGgufHeader(file);
    const read = (name: string, rows?: RowRange) => readTensor(file, tensors.get(name), { name, rows });
    return { path, metadata, tensors, read, close: file.close };
  } catch (error) {
    await file.close();
    throw error;
  }
}

/**
 * The files that a file's model is split into, by llama.cpp's names for them.
 * @throws InputError when it has another name.
 */
function partsOf({ path, metadata }: GgufFile, count: number): string[] {
  const [, name, of] = splitName.exec(path) ?? [];
  const five = (n: number) => String(n).padStart(5, '0');
  const nameOf = (part: number) => `-${five(part)}-of-${five(count)}.gguf`;
  if (name !== undefined && Number(of) === count)
    return Array.from({ length: count }, (_, i) => `${name}${nameOf(i + 1)}`);
  const part = Number(metadata['split.no'] ?? 0) + 1;
  throw new InputError(
    `${path} is part ${part} of ${count} of a split model, whose parts are named NAME${nameOf(1)} and so on; name them so, in one folder, or join them by llama.cpp's llama-gguf-split --merge FIRST_PART OUT.gguf`,
  );
}

/** NAME-00001-of-00003.gguf */
export const splitName = /^(.*)-\d{5}-of-(\d{5})\.gguf$/s;

async function openParts(paths: readonly string[]): Promise<GgufFile[]> {
  const files: GgufFile[] = [];
  try {
    for (const path of paths) files.push(await openPart(path));
  } catch (error) {
    await closeAll(files);
    if (!(error instanceof InputError)) throw error;
    throw new InputError(`${error.message} (the model is split; this is one of ${paths.length} parts)`);
  }
  return files;
}

/**
 * The first part has the metadata, each its own tensors.
 * @throws InputError when two parts have a tensor of one name.
 */
function joined(files: readonly GgufFile[]): GgufFile {
  const { path, metadata } = files[0]!;
  const places = new Map<string, GgufFile>();
  for (const file of files) {
    for (const name of file.tensors.keys()) {
      const other = places.get(name);
      if (other !== undefined) {
        throw new InputError(`${other.path} and ${file.path} both have the tensor ${quoted(name)}`);
      }
      places.set(name, file);
    }
  }
  return {
    path,
    metadata,
    tensors: new Map(files.flatMap((file) => [...file.tensors])),
    read: (name, rows) => (places.get(name) ?? files[0]!).read(name, rows),
    close: () => closeAll(files),
  };
}

async function closeAll(files: readonly GgufFile[]): Promise<void> {
  for (const file of files) await file.close();
}

async function readTensor(
  file: BinaryFile,
  tensor: GgufTensor | undefined,
  { name, rows }: { readonly name: string; readonly rows: RowRange | undefined },
): Promise<Float32Array> {
  if (tensor === undefined) throw new InputError(`${file.path} has no tensor ${quoted(name)}`);
  const part = bytesOf({ bytes: tensor.byteLength, shape: tensor.shape }, rows);
  const raw = await file.read(tensor.position + part.start, part.length);
  return dequantise(raw, tensor.type, `${file.path}: tensor ${quoted(name)}`);
}

/**
 * Decodes the raw bytes of a tensor to float32.
 * @throws InputError naming the type when it is not supported; `where` says which tensor it was.
 */
export function dequantise(raw: ArrayBuffer, type: string, where: string): Float32Array {
  const block = quantType(type);
  if (block === undefined) {
    const known = supportedQuantTypes.join(', ');
    throw new InputError(`${where} is ${type}, which is not supported; supported types: ${known}`);
  }
  return block.dequantise(raw);
}
