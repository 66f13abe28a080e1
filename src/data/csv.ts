import { Readable } from 'node:stream';
import { parse } from 'csv-parse';
import { InputError } from '../errors.ts';
import type { Row } from './row.ts';
import { textChunks } from './text-chunks.ts';

/**
 * Streams the rows of a CSV file with a header line, gunzipped when its name ends in .gz; every value is text.
 * @throws InputError when a row does not fit the header, naming file and line.
 */
export async function* readCsv(path: string): AsyncGenerator<Row> {
  const rows = Readable.from(textChunks(path), { objectMode: false }).pipe(
    parse({ columns: true, bom: true, skip_empty_lines: true, info: true }),
  );
  try {
    for await (const { record, info } of rows) yield { values: record, where: `${path}:${info.lines}` };
  } catch (error) {
    throw error instanceof InputError ? error : new InputError(`${path}: ${(error as Error).message}`);
  }
}
