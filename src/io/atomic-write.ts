import { open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { temporaryBeside } from './temporaries.ts';

/** The content of a file: one piece, or pieces in order. Pieces avoid a second copy of a large file in memory. */
export type FileContent = string | Uint8Array | Iterable<Uint8Array> | AsyncIterable<Uint8Array>;

/**
 * Writes a file atomically: after a crash at any moment the file has either the old content or the new.
 *
 * It writes a temporary file in the same folder, syncs it, renames it and syncs the folder. When writing fails, it
 * removes the temporary file.
 * @throws the file system's own error (disk full, no permission). The caller should say what it was writing.
 */
export async function writeFileAtomic(path: string, content: FileContent): Promise<void> {
  const folder = dirname(path);
  const temporary = temporaryBeside(path);
  try {
    const file = await open(temporary, 'wx');
    try {
      for await (const chunk of chunks(content)) await writeAll(file, chunk);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  await syncFolder(folder);
}

function chunks(content: FileContent): Iterable<Uint8Array> | AsyncIterable<Uint8Array> {
  if (typeof content === 'string') return [Buffer.from(content)];
  return content instanceof Uint8Array ? [content] : content;
}

/** Writes all bytes. One call of `write` may take fewer (at most 2 GB on Linux). */
async function writeAll(file: Awaited<ReturnType<typeof open>>, bytes: Uint8Array): Promise<void> {
  let done = 0;
  while (done < bytes.length) {
    const length = Math.min(bytes.length - done, 1 << 30);
    done += (await file.write(bytes, done, length)).bytesWritten;
  }
}

/** Syncs a folder, which makes a rename in it durable. Windows can't open a folder, and needs no sync. */
async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return;
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
