import { appendFile, stat, truncate } from 'node:fs/promises';
import { InputError } from '../errors.ts';
import { isMissing } from './read-json.ts';
import { linesFromEnd } from './text/lines-from-end.ts';
import { ownLines } from './text-chunks.ts';

/** Bytes that are read at once from a file's end. */
const BLOCK = 2 ** 20;

/**
 * A file with one JSON record on each line, to which records are appended. When a write fails half-way (disk full),
 * what it wrote is removed, so that the file never ends with a part of a line.
 */
export interface JsonlFile {
  readonly path: string;
  /** Bytes in the file. */
  readonly size: number;
  /** Appends records. NaN is written as null. @throws the file system's own error; then nothing was added. */
  append(records: readonly object[]): Promise<void>;
}

/** Opens a file for appending. The file is made when the first record is written. */
export async function openJsonl(path: string): Promise<JsonlFile> {
  let size = await sizeOf(path);
  return {
    path,
    get size() {
      return size;
    },
    async append(records) {
      if (records.length === 0) return;
      const bytes = Buffer.from(jsonLines(records));
      try {
        await appendFile(path, bytes);
        size += bytes.length;
      } catch (error) {
        await truncate(path, size).catch(() => {});
        throw error;
      }
    },
  };
}

/** Returns records as text, one on each line. */
export function jsonLines(records: readonly object[]): string {
  return records.map((record) => `${JSON.stringify(record)}\n`).join('');
}

/**
 * Reads the records of a file one by one. A missing file has none. A damaged last line is skipped: a crash may have cut
 * it off.
 * @throws InputError when any other line is damaged.
 */
export async function* readRecords<T>(path: string): AsyncGenerator<T> {
  if ((await sizeOf(path)) === 0) return;
  let [number, damaged] = [0, false];
  for await (const line of ownLines(path)) {
    if (damaged) throw new InputError(`${path}:${number}: the line is damaged, it holds no record`);
    number++;
    const record = parseLine(line);
    damaged = typeof record !== 'object' || record === null;
    if (!damaged) yield record as T;
  }
}

/** Reads all records of a file, like `readRecords`. */
export async function readAllRecords<T>(path: string): Promise<T[]> {
  const records: T[] = [];
  for await (const record of readRecords<T>(path)) records.push(record);
  return records;
}

/**
 * Truncates a file behind its last whole record whose `step` is below `end`. Steps must not fall from line to line: the
 * file is read from its end, and no further than that record.
 * @param block bytes that are read at once.
 */
export async function truncateAtStep(path: string, end: number, block = BLOCK): Promise<void> {
  const size = await sizeOf(path);
  if (size === 0) return;
  const kept = end <= 0 ? 0 : ((await lastBefore(path, end, block))?.end ?? 0);
  if (kept < size) await truncate(path, kept);
}

/** The steps of a file's first and last whole records; undefined where no line is one. */
export async function stepRange(
  path: string,
): Promise<{ readonly first: number; readonly last: number } | undefined> {
  if ((await sizeOf(path)) === 0) return undefined;
  const last = await lastBefore(path, Number.POSITIVE_INFINITY, BLOCK);
  if (last === undefined) return undefined;
  for await (const line of ownLines(path)) {
    const first = stepOf(line);
    if (first !== undefined) return { first, last: last.step };
  }
  return undefined;
}

/** The last whole record whose step is below `end`: its step, and where its line ends. */
async function lastBefore(path: string, end: number, block: number) {
  for await (const line of linesFromEnd(path, block)) {
    const step = stepOf(line.text);
    if (step !== undefined && step < end) return { step, end: line.end };
  }
  return undefined;
}

function stepOf(line: string): number | undefined {
  const record = parseLine(line) as { readonly step?: unknown } | null | undefined;
  return typeof record?.step === 'number' ? record.step : undefined;
}

function parseLine(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

async function sizeOf(path: string): Promise<number> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if (isMissing(error)) return 0;
    throw error;
  }
}
