import { InputError } from '../../errors.ts';
import type { BinaryFile } from '../../io/binary-file.ts';
import { quoted } from '../../io/text/shown.ts';
import { GgufCursor, type GgufValue, HeaderGoesOn } from './gguf-cursor.ts';
import { type GgufTensor, readTensorTable } from './gguf-tensor-table.ts';

/**
 * The head of a GGUF file, versions 2 and 3 (https://github.com/ggml-org/ggml/blob/master/docs/gguf.md): what it says of
 * itself, and where its tensors lie.
 */

export type GgufMetadata = Readonly<Record<string, GgufValue>>;

interface GgufHeader {
  readonly metadata: GgufMetadata;
  readonly tensors: ReadonlyMap<string, GgufTensor>;
}

/** Real headers take up to some 20 MB, most of it the vocabulary. */
const LARGEST_HEADER = 1 << 27;
const FIRST_READ = 1 << 22;
const VERSIONS = [2, 3];

/**
 * Reads and checks the header of a file.
 * @throws InputError naming the file when it is not GGUF, big-endian, cut short, or says what can't be.
 */
export async function readGgufHeader(file: BinaryFile): Promise<GgufHeader> {
  const most = Math.min(file.size, LARGEST_HEADER);
  for (let length = FIRST_READ; ; length *= 4) {
    const bytes = Buffer.from(await file.read(0, Math.min(length, most)));
    try {
      return parseHeader(bytes, file);
    } catch (error) {
      if (error instanceof InputError) {
        throw new InputError(`${file.path} is not a readable GGUF file: ${error.message}`);
      }
      if (!(error instanceof HeaderGoesOn)) throw error;
      if (length >= most) throw tooLong(file);
    }
  }
}

function tooLong({ path, size }: BinaryFile): InputError {
  return size <= LARGEST_HEADER
    ? new InputError(`${path} is truncated: its ${size} bytes end within its header; download it again`)
    : new InputError(`${path} is not a readable GGUF file: its header has more than ${LARGEST_HEADER} bytes`);
}

function parseHeader(bytes: Buffer, file: BinaryFile): GgufHeader {
  const cursor = new GgufCursor(bytes, file.size);
  if (bytes.subarray(0, 4).toString('latin1') !== 'GGUF') {
    throw new InputError('it does not start with "GGUF"');
  }
  cursor.at = 4;
  checkVersion(cursor.u32());
  const tensorCount = cursor.count('tensors', 24);
  const metadata = readMetadata(cursor, cursor.count('metadata keys', 13));
  return { metadata, tensors: readTensorTable(cursor, { tensorCount, metadata, fileSize: file.size }) };
}

function checkVersion(version: number): void {
  if (VERSIONS.includes(version)) return;
  const swapped = VERSIONS.some((known) => version === known * 2 ** 24);
  throw new InputError(
    swapped
      ? 'it is big-endian, which is not supported'
      : `its version is ${version}; supported: ${VERSIONS.join(', ')}`,
  );
}

function readMetadata(cursor: GgufCursor, count: number): GgufMetadata {
  const entries = new Map<string, GgufValue>();
  for (let i = 0; i < count; i++) {
    const key = cursor.string();
    if (entries.has(key)) throw new InputError(`it has the key ${quoted(key)} twice`);
    entries.set(key, cursor.value(cursor.u32()));
  }
  return Object.fromEntries(entries);
}
