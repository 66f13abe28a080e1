import { createReadStream } from 'node:fs';
import type { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { InputError } from '../errors.ts';
import { refusePointerFile } from './lfs-pointer.ts';
import { utf8Text } from './utf8.ts';

const NEWLINE = 0x0a;

/**
 * Streams a text file in pieces of whole lines, gunzipped when its name ends in .gz.
 * @throws InputError when the file can't be read, is no whole gzip file, is a git-lfs pointer, or is not UTF-8.
 */
export async function* textChunks(path: string): AsyncGenerator<string> {
  let lines = 0;
  for await (const bytes of lineBlocks(path)) {
    yield utf8Text(bytes, path, lines);
    for (let at = bytes.indexOf(NEWLINE); at >= 0; at = bytes.indexOf(NEWLINE, at + 1)) lines++;
  }
}

/** The lines of a text file, as `textChunks` reads it, ended by \n alone; a last one without its end counts. */
export async function* textLines(path: string): AsyncGenerator<string> {
  for await (const chunk of textChunks(path)) yield* linesOf(chunk);
}

/** The lines of a text file of our own, whose last may have been cut off inside a character. */
export async function* ownLines(path: string): AsyncGenerator<string> {
  for await (const bytes of lineBlocks(path)) yield* linesOf(bytes.toString('utf8'));
}

function linesOf(chunk: string): string[] {
  const lines = chunk.split('\n');
  if (lines.at(-1) === '') lines.pop();
  return lines;
}

/** A file's bytes in blocks of whole lines. */
async function* lineBlocks(path: string): AsyncGenerator<Buffer> {
  const rest: Buffer[] = [];
  for await (const chunk of fileChunks(path)) {
    const end = chunk.lastIndexOf(NEWLINE) + 1;
    if (end > 0) yield Buffer.concat([...rest.splice(0), chunk.subarray(0, end)]);
    rest.push(chunk.subarray(end));
  }
  const last = Buffer.concat(rest);
  if (last.length > 0) yield last;
}

async function* fileChunks(path: string): AsyncGenerator<Buffer> {
  try {
    await refusePointerFile(path);
    for await (const chunk of open(path)) yield chunk;
  } catch (error) {
    if (error instanceof InputError) throw error;
    throw new InputError(`${path}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function open(path: string): Readable {
  const bytes = createReadStream(path);
  if (!path.endsWith('.gz')) return bytes;
  const text = createGunzip();
  bytes.on('error', (error) => text.destroy(error));
  // Whoever stops reading early lets go of the file, too.
  text.on('close', () => bytes.destroy());
  return bytes.pipe(text);
}
