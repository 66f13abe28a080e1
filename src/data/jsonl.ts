import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { InputError } from '../errors.ts';

/** A row of a data file and where it stands, for error messages. */
export interface Row {
  readonly values: Readonly<Record<string, unknown>>;
  /** 'FILE:LINE', lines from 1. */
  readonly where: string;
}

/**
 * Streams the rows of a JSON-lines file; empty lines are skipped.
 * @throws InputError when a line is not a JSON object, naming file and line.
 */
export async function* readJsonl(path: string): AsyncGenerator<Row> {
  const lines = createInterface({
    input: createReadStream(path, 'utf8'),
    crlfDelay: Number.POSITIVE_INFINITY,
  });
  let number = 0;
  for await (const line of lines) {
    number++;
    if (line.trim() === '') continue;
    yield { values: parseRow(line, `${path}:${number}`), where: `${path}:${number}` };
  }
}

function parseRow(line: string, where: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    throw new InputError(`${where}: not JSON: ${line.slice(0, 60)}`);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new InputError(`${where}: a row must be a JSON object, got ${line.slice(0, 60)}`);
  }
  return value as Record<string, unknown>;
}
