import { appendFile, readFile, stat, truncate } from 'node:fs/promises';
import { InputError } from '../errors.ts';
import { isMissing } from './read-json.ts';
import { ownLines } from './text-chunks.ts';

const NEWLINE = 0x0a;

/**
 * A file of one JSON record a line, written at its end. A write that fails half-way (disk full) is taken back, so
 * that the file never ends in a part of a line.
 */
export interface JsonlFile {
  readonly path: string;
  /** Adds records; NaN is written as null. @throws the file system's own error, with nothing added. */
  append(records: readonly object[]): Promise<void>;
}

/** Opens a file for appending; it appears with its first record. */
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

/** Records as text, a line each. */
export function jsonLines(records: readonly object[]): string {
  return records.map((record) => `${JSON.stringify(record)}\n`).join('');
}

/**
 * The records of a file, one at a time; none when there is no such file. A line cut off by a crash ends it.
 * @throws InputError when another line than the last is no record.
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

/** All records of a file, as `readRecords` gives them. */
export async function readAllRecords<T>(path: string): Promise<T[]> {
  const records: T[] = [];
  for await (const record of readRecords<T>(path)) records.push(record);
  return records;
}

/** Cuts a file off before its first record whose `step` is not below `end`, or that is not whole. */
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
