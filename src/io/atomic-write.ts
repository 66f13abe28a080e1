import { open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { temporaryBeside } from './temporaries.ts';

/** What a file is made of: one piece, or pieces in order (so that a large file is never held twice). */
export type FileContent = string | Uint8Array | Iterable<Uint8Array>;

/**
 * Writes a file so that a crash at any moment leaves either the old content or the new, never a part:
 * temporary file beside it → fsync → rename → fsync of the folder. The temporary file is removed when writing fails.
 * @throws the file system's own error (disk full, no permission), for the caller to put in context.
 */
export async function writeFileAtomic(path: string, content: FileContent): Promise<void> {
  const folder = dirname(path);
  const temporary = temporaryBeside(path);
  try {
    const file = await open(temporary, 'wx');
    try {
      for (const chunk of chunks(content)) await writeAll(file, chunk);
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

function chunks(content: FileContent): Iterable<Uint8Array> {
  if (typeof content === 'string') return [Buffer.from(content)];
  return content instanceof Uint8Array ? [content] : content;
}

/** `write` may take fewer bytes than it was given (2 GB at most on Linux). */
async function writeAll(file: Awaited<ReturnType<typeof open>>, bytes: Uint8Array): Promise<void> {
  let done = 0;
  while (done < bytes.length) {
    const length = Math.min(bytes.length - done, 1 << 30);
    done += (await file.write(bytes, done, length)).bytesWritten;
  }
}

/** The rename itself is durable only once the folder is. Windows can't open a folder, and needs no sync. */
async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return;
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
