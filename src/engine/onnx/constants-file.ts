import { type FileHandle, mkdtemp, open, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EngineError } from '../../errors.ts';
import type { HostTensor, Named } from '../engine.ts';

/** Where a constant lies in the file, in bytes. */
export interface FilePlace {
  readonly location: string;
  readonly offset: number;
  readonly bytes: number;
}

/** The constants of a program in a temporary file, from which onnxruntime maps them into memory. */
export interface ConstantsFile {
  readonly folder: string;
  readonly places: Named<FilePlace>;
  /** Deletes the file. Does nothing where it is gone, or on Windows while a session has it open. */
  remove(): Promise<void>;
}

const PREFIX = 'anneal-constants-';
const NAME = 'constants.bin';
/** The file of a session is gone once that is built. One that is older than a day was left by a crash. */
const LEFT_OVER_MS = 86_400_000;

/** A mapping starts at a page. The greatest size of a page in use. */
const PAGE = 2 ** 16;

/**
 * Writes constants to a temporary file. onnxruntime would copy what it gets in memory, pack the copy, and free it only
 * when all is packed. What it maps from a file it frees tensor by tensor.
 * @throws EngineError when the disk has no room.
 */
export async function writeConstants(constants: Named<HostTensor>): Promise<ConstantsFile> {
  const root = tmpdir();
  try {
    await removeLeftOvers(root);
    const folder = await mkdtemp(join(root, PREFIX));
    const remove = () => rm(folder, { recursive: true, force: true }).catch(() => {});
    try {
      const file = await open(join(folder, NAME), 'w');
      const places = await writeAll(file, constants).finally(() => file.close());
      return { folder, places, remove };
    } catch (cause) {
      await remove();
      throw cause;
    }
  } catch (cause) {
    throw new EngineError(
      `the weights could not be written to ${root} (${(cause as Error).message}): set TMPDIR to a folder with room`,
      { cause },
    );
  }
}

async function removeLeftOvers(root: string): Promise<void> {
  const names = (await readdir(root)).filter((name) => name.startsWith(PREFIX));
  for (const name of names) {
    const folder = join(root, name);
    const made = (await stat(folder).catch(() => undefined))?.mtimeMs ?? Date.now();
    if (Date.now() - made > LEFT_OVER_MS) await rm(folder, { recursive: true, force: true }).catch(() => {});
  }
}

async function writeAll(file: FileHandle, constants: Named<HostTensor>): Promise<Named<FilePlace>> {
  const places: Record<string, FilePlace> = {};
  let offset = 0;
  for (const [name, { data }] of Object.entries(constants)) {
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    for (let done = 0; done < bytes.length; ) {
      const { bytesWritten } = await file.write(
        bytes,
        done,
        Math.min(bytes.length - done, 2 ** 30),
        offset + done,
      );
      done += bytesWritten;
    }
    places[name] = { location: NAME, offset, bytes: bytes.length };
    offset = Math.ceil((offset + bytes.length) / PAGE) * PAGE;
  }
  return places;
}
