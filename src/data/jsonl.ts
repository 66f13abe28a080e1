import { InputError } from '../errors.ts';
import type { Row } from './row.ts';
import { textChunks } from './text-chunks.ts';

/**
 * Streams the rows of a JSON-lines file, gunzipped when its name ends in .gz; empty lines are skipped.
 * @throws InputError when a line is not a JSON object, naming file and line.
 */
export async function* readJsonl(path: string): AsyncGenerator<Row> {
  let number = 0;
  for await (const line of lines(path)) {
    number++;
    if (line.trim() === '') continue;
    const where = `${path}:${number}`;
    yield { values: parseRow(line, where), where };
  }
}

async function* lines(path: string): AsyncGenerator<string> {
  let rest = '';
  for await (const chunk of textChunks(path)) {
    const parts = (rest + chunk).split('\n');
    rest = parts.pop()!;
    yield* parts;
  }
  if (rest !== '') yield rest;
}

function parseRow(line: string, where: string): Record<string, unknown> {
  let value: unknown;
  try {
    // A byte order mark is no part of the first row.
    value = JSON.parse(line.replace(/^\ufeff/, ''));
  } catch {
    throw new InputError(`${where}: not JSON: ${line.slice(0, 60)}`);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new InputError(`${where}: a row must be a JSON object, got ${line.slice(0, 60)}`);
  }
  return value as Record<string, unknown>;
}
