import { InputError } from '../errors.ts';
import type { Row } from './row.ts';
import { textLines } from './text-chunks.ts';

/**
 * Streams the rows of a JSON-lines file, gunzipped when its name ends in .gz; empty lines are skipped. An integer
 * beyond 2⁵³, which a number can't hold to the digit, comes as text.
 * @throws InputError when a line is not a JSON object, naming file and line.
 */
export async function* readJsonl(path: string): AsyncGenerator<Row> {
  let number = 0;
  for await (const line of textLines(path)) {
    number++;
    if (line.trim() === '') continue;
    const where = `${path}:${number}`;
    yield { values: parseRow(line, where), where };
  }
}

function parseRow(line: string, where: string): Record<string, unknown> {
  let value: unknown;
  try {
    // A byte order mark is no part of the first row.
    value = JSON.parse(exactIntegers(line.replace(/^\ufeff/, '')));
  } catch {
    throw new InputError(`${where}: not JSON: ${line.slice(0, 60)}`);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new InputError(`${where}: a row must be a JSON object, got ${line.slice(0, 60)}`);
  }
  return value as Record<string, unknown>;
}

/** JSON in which integers beyond 2⁵³ are text. Strings, which may hold such digits too, stay as they are. */
function exactIntegers(json: string): string {
  if (!/\d{16}/.test(json)) return json;
  return json.replace(/"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g, (token) =>
    /^-?\d{16,}$/.test(token) && !Number.isSafeInteger(Number(token)) ? `"${token}"` : token,
  );
}
