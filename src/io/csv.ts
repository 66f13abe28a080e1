import { pipeline, Readable } from 'node:stream';
import { parse } from 'csv-parse';
import { InputError } from '../errors.ts';
import type { Row } from './row.ts';
import { textChunks } from './text-chunks.ts';

/** The names of the columns. @throws InputError when two are the same. */
const header = (path: string) => (names: string[]) => {
  const twice = names.find((name, i) => names.indexOf(name) < i);
  if (twice !== undefined) throw new InputError(`${path}: two columns are named "${twice}"`);
  return names;
};

/**
 * Streams the rows of a CSV file with a header line, gunzipped when its name ends in .gz; every value is text.
 * @throws InputError when a row does not fit the header, naming file and line.
 */
export async function* readCsv(path: string): AsyncGenerator<Row> {
  const parser = parse({ columns: header(path), bom: true, skip_empty_lines: true, info: true });
  // Errors of either end the other, and whoever stops reading early lets go of the file.
  const rows = pipeline(Readable.from(textChunks(path), { objectMode: false }), parser, () => {});
  try {
    for await (const { record, info } of rows) yield { values: record, where: `${path}:${info.lines}` };
  } catch (error) {
    throw error instanceof InputError ? error : new InputError(`${path}: ${(error as Error).message}`);
  }
}
