import { createReadStream } from 'node:fs';
import type { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { InputError } from '../errors.ts';

/**
 * Streams a text file in pieces, gunzipped when its name ends in .gz.
 * @throws InputError when the file can't be read or is no whole gzip file.
 */
export async function* textChunks(path: string): AsyncGenerator<string> {
  try {
    for await (const chunk of open(path)) yield chunk;
  } catch (error) {
    throw new InputError(`${path}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** The lines of a text file, as `textChunks` reads it, ended by \n alone; a last one without its end counts. */
export async function* textLines(path: string): AsyncGenerator<string> {
  let rest = '';
  for await (const chunk of textChunks(path)) {
    const parts = (rest + chunk).split('\n');
    rest = parts.pop()!;
    yield* parts;
  }
  if (rest !== '') yield rest;
}

function open(path: string): Readable {
  const bytes = createReadStream(path);
  if (!path.endsWith('.gz')) return bytes.setEncoding('utf8');
  const text = createGunzip();
  bytes.on('error', (error) => text.destroy(error));
  // Whoever stops reading early lets go of the file, too.
  text.on('close', () => bytes.destroy());
  return bytes.pipe(text).setEncoding('utf8');
}
