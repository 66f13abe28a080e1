import { appendFile, readFile, stat, truncate } from 'node:fs/promises';
import { InputError } from '../errors.ts';
import { isMissing } from './read-json.ts';
import { ownLines } from './text-chunks.ts';

const NEWLINE = 0x0a;

/**
 * A file with one JSON record on each line, to which records are appended. When a write fails half-way (disk full),
 * what it wrote is removed, so that the file never ends with a part of a line.
 */
export interface JsonlFile {
  readonly path: string;
  /** Appends records. NaN is written as null. @throws the file system's own error; then nothing was added. */
  append(records: readonly object[]): Promise<void>;
}

/** Opens a file for appending. The file is made when the first record is written. */
export async function openJsonl(path: string): Promise<JsonlFile> {
  let size = await sizeOf(path);
  return {
    path,
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

/** Truncates a file before the first record that is damaged or whose `step` is at least `end`. */
export async function truncateAtStep(path: string, end: number): Promise<void> {
  if ((await sizeOf(path)) === 0) return;
  const bytes = await readFile(path);
  let kept = 0;
  for (let stop = bytes.indexOf(NEWLINE); stop !== -1; stop = bytes.indexOf(NEWLINE, kept)) {
    const record = parseLine(bytes.toString('utf8', kept, stop)) as { step?: unknown } | undefined;
    if (typeof record?.step !== 'number' || record.step >= end) break;
    kept = stop + 1;
  }
  await truncate(path, kept);
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
