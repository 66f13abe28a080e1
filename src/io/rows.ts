import { existsSync } from 'node:fs';
import { InputError } from '../errors.ts';
import { readCsv } from './csv.ts';
import { readJsonl } from './jsonl.ts';
import { readParquet } from './parquet.ts';
import type { Row } from './row.ts';

const readers: readonly (readonly [ending: RegExp, read: (path: string) => AsyncGenerator<Row>])[] = [
  [/\.(?:jsonl|ndjson)(?:\.gz)?$/, readJsonl],
  [/\.csv(?:\.gz)?$/, readCsv],
  [/\.parquet$/, readParquet],
];

/** Whether a file's name is one that `readRows` can read. */
export const isDataFile = (path: string): boolean => readers.some(([ending]) => ending.test(path));

/**
 * Streams the rows of a data file: .jsonl, .ndjson, .csv (each also .gz) or .parquet.
 * @throws InputError at once when the file does not exist or is of another kind; while reading, when a row is
 * malformed.
 */
export function readRows(path: string): AsyncGenerator<Row> {
  const read = readers.find(([ending]) => ending.test(path))?.[1];
  if (read === undefined)
    throw new InputError(
      `${path}: a data file ends in .jsonl, .ndjson, .csv, .jsonl.gz, .csv.gz or .parquet`,
    );
  if (!existsSync(path)) throw new InputError(`${path} does not exist`);
  return read(path);
}
