import { type FileHandle, open } from 'node:fs/promises';

const NEWLINE = 0x0a;

/** A line, and the place in its file right behind the newline that ends it. */
export interface LineAt {
  readonly text: string;
  readonly end: number;
}

/**
 * Reads the lines of a file from the last to the first, a block at a time: who stops early has read little of it. A last
 * line without its newline is passed over.
 * @param block bytes that are read at once.
 */
export async function* linesFromEnd(path: string, block: number): AsyncGenerator<LineAt> {
  const file = await open(path);
  try {
    yield* backwards(file, block);
  } finally {
    await file.close();
  }
}

async function* backwards(file: FileHandle, block: number): AsyncGenerator<LineAt> {
  const { size } = await file.stat();
  // The end of the line under way, once a newline was seen, and its bytes so far.
  let end: number | undefined;
  let pieces: Buffer[] = [];
  for (let to = size; to > 0; ) {
    const from = Math.max(0, to - block);
    const bytes = await readRange(file, from, to);
    let cut = bytes.length;
    for (let at = lastNewline(bytes, cut); at >= 0; at = lastNewline(bytes, cut)) {
      if (end !== undefined) yield { text: textOf([bytes.subarray(at + 1, cut), ...pieces]), end };
      [end, cut, pieces] = [from + at + 1, at, []];
    }
    if (end !== undefined) pieces.unshift(bytes.subarray(0, cut));
    to = from;
  }
  if (end !== undefined) yield { text: textOf(pieces), end };
}

const lastNewline = (bytes: Buffer, before: number): number =>
  before === 0 ? -1 : bytes.lastIndexOf(NEWLINE, before - 1);

const textOf = (pieces: readonly Buffer[]): string => Buffer.concat(pieces).toString('utf8');

async function readRange(file: FileHandle, from: number, to: number): Promise<Buffer> {
  const bytes = Buffer.alloc(to - from);
  let done = 0;
  while (done < bytes.length) {
    const { bytesRead } = await file.read(bytes, done, bytes.length - done, from + done);
    if (bytesRead === 0) break;
    done += bytesRead;
  }
  return bytes.subarray(0, done);
}
