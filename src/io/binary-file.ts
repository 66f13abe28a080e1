import { type FileHandle, open } from 'node:fs/promises';
import { InputError } from '../errors.ts';
import { refusePointerFile } from './lfs-pointer.ts';
import { isMissing, READ_AT_ONCE, unreadable } from './read-json.ts';

/** A file open for reading at any position. */
export interface BinaryFile {
  readonly path: string;
  /** Bytes in the file. */
  readonly size: number;
  /**
   * Reads `length` bytes from `position` into a buffer of their own, so typed arrays of any width can view it.
   * @throws InputError when the file ends before that.
   */
  read(position: number, length: number): Promise<ArrayBuffer>;
  close(): Promise<void>;
}

/**
 * Opens a file for reading.
 * @throws InputError when there is no such file, it can't be read, or it is a git-lfs pointer.
 */
export async function openBinaryFile(path: string): Promise<BinaryFile> {
  const handle = await open(path, READ_AT_ONCE).catch((error: unknown) => {
    throw isMissing(error) ? new InputError(`${path}: no such file`) : unreadable(path, error);
  });
  const status = await handle.stat();
  if (!status.isFile()) {
    await handle.close();
    throw new InputError(`${path} is not a file`);
  }
  const { size } = status;
  await refusePointerFile(path).catch(async (error: unknown) => {
    await handle.close();
    throw error;
  });
  return {
    path,
    size,
    read: (position, length) => readExactly(handle, path, { position, length, size }),
    close: () => handle.close(),
  };
}

/** One `read` takes 2 GB at most, and may return fewer bytes than it was asked for. */
async function readExactly(
  handle: FileHandle,
  path: string,
  range: { readonly position: number; readonly length: number; readonly size: number },
): Promise<ArrayBuffer> {
  const { position, length, size } = range;
  if (position + length > size) {
    throw new InputError(
      `${path} is truncated: it has ${size} bytes, bytes up to ${position + length} are needed; download it again`,
    );
  }
  const bytes = new Uint8Array(length);
  for (let done = 0; done < length; ) {
    const wanted = Math.min(length - done, 1 << 30);
    const { bytesRead } = await handle.read(bytes, done, wanted, position + done);
    if (bytesRead === 0) throw new InputError(`${path} became shorter while it was read`);
    done += bytesRead;
  }
  return bytes.buffer;
}
