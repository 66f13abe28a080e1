import { type FileHandle, mkdtemp, open, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Named } from '../engine.ts';
import { neighbourHalves } from './neighbour-halves.ts';
import type { ExternalPlace } from './trace/model-proto.ts';
import type { GraphConstant } from './trace/trace-program.ts';

/** The constants of a program as a session gets them. */
export interface PlacedConstants {
  readonly places: Named<ExternalPlace>;
  /** The folder that they lie in, or their bytes by location. */
  readonly from: { readonly folder: string } | { readonly bytes: Named<Uint8Array> };
  /** Deletes the file. Does nothing where there is none, or on Windows while a session has it open. */
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
 * when all is packed. What it maps from a file it frees tensor by tensor. Where they can't be written they are handed
 * over in memory, with a warning.
 */
export async function handOver(constants: Named<GraphConstant>): Promise<PlacedConstants> {
  const root = tmpdir();
  try {
    await removeLeftOvers(root);
    return await writeConstants(root, constants);
  } catch (error) {
    process.emitWarning(
      `the weights could not be written to ${root} (${(error as Error).message}), so compiling the sampler takes their size in memory once more; set TMPDIR to a folder with room`,
    );
    return inMemory(constants);
  }
}

async function writeConstants(root: string, constants: Named<GraphConstant>): Promise<PlacedConstants> {
  const folder = await mkdtemp(join(root, PREFIX));
  const remove = () => rm(folder, { recursive: true, force: true }).catch(() => {});
  try {
    const file = await open(join(folder, NAME), 'w');
    const places = await writeAll(file, constants).finally(() => file.close());
    return { places, from: { folder }, remove };
  } catch (error) {
    await remove();
    throw error;
  }
}

function inMemory(constants: Named<GraphConstant>): PlacedConstants {
  const all = Object.entries(constants);
  const places = all.map(
    ([name, { data }]) => [name, { location: name, offset: 0, bytes: data.byteLength }] as const,
  );
  const bytes = all.map(([name, { data, regrouped }]) => {
    return [name, regrouped ? neighbourHalves(bytesOf(data)) : bytesOf(data)] as const;
  });
  return {
    places: Object.fromEntries(places),
    from: { bytes: Object.fromEntries(bytes) },
    remove: async () => {},
  };
}

const bytesOf = (data: GraphConstant['data']): Uint8Array =>
  new Uint8Array(data.buffer, data.byteOffset, data.byteLength);

async function removeLeftOvers(root: string): Promise<void> {
  const names = (await readdir(root)).filter((name) => name.startsWith(PREFIX));
  for (const name of names) {
    const folder = join(root, name);
    const made = (await stat(folder).catch(() => undefined))?.mtimeMs ?? Date.now();
    if (Date.now() - made > LEFT_OVER_MS) await rm(folder, { recursive: true, force: true }).catch(() => {});
  }
}

async function writeAll(file: FileHandle, constants: Named<GraphConstant>): Promise<Named<ExternalPlace>> {
  const places: Record<string, ExternalPlace> = {};
  let offset = 0;
  for (const [name, { data, regrouped }] of Object.entries(constants)) {
    const bytes = bytesOf(data);
    for (let from = 0; from < bytes.length; from += PART) {
      const part = bytes.subarray(from, from + PART);
      await writePart(file, regrouped ? neighbourHalves(part) : part, offset + from);
    }
    places[name] = { location: NAME, offset, bytes: bytes.length };
    offset = Math.ceil((offset + bytes.length) / PAGE) * PAGE;
  }
  return places;
}

/** Bytes that are written at a time, whole blocks of codes. */
const PART = 2 ** 24;

async function writePart(file: FileHandle, bytes: Uint8Array, place: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const { bytesWritten } = await file.write(bytes, done, bytes.length - done, place + done);
    done += bytesWritten;
  }
}
