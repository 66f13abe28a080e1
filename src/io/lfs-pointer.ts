import { open } from 'node:fs/promises';
import { InputError } from '../errors.ts';

const START = 'version https://git-lfs.github.com/spec/';
/** Bytes that a pointer has at most (https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md). */
const POINTER_BYTES = 1024;

/**
 * Refuses a git-lfs pointer: the few lines that a clone holds in place of a large file until they are replaced.
 * @param start the file's first bytes, at least 1024 where it has them.
 * @throws InputError that says so, and how to get the file.
 */
export function refusePointer(start: Uint8Array, path: string): void {
  const text = Buffer.from(start.subarray(0, POINTER_BYTES)).toString('latin1');
  if (!text.startsWith(START)) return;
  const size = /^size (\d+)$/m.exec(text)?.[1];
  const bytes = size === undefined ? '' : ` of ${size} bytes`;
  throw new InputError(
    `${path} is a git-lfs pointer, not the file${bytes} that it stands for; run git lfs pull in its repository, or download the file`,
  );
}

/** `refusePointer` of a file that lies there. @throws the file system's own error where it can't be read. */
export async function refusePointerFile(path: string): Promise<void> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(POINTER_BYTES), 0, POINTER_BYTES, 0);
    refusePointer(buffer.subarray(0, bytesRead), path);
  } finally {
    await file.close();
  }
}
