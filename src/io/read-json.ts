import { constants, open } from 'node:fs/promises';
import type { z } from 'zod';
import { InputError } from '../errors.ts';
import { refusePointer } from './lfs-pointer.ts';
import { structureFault } from './text/json-structure.ts';
import { shown } from './text/shown.ts';
import { utf8Text } from './utf8.ts';

/** The largest text file that is read whole. The largest tokenizer.json in use has 35 MB. */
const MAX_BYTES = 64e6;
/** Opening a pipe without this waits for somebody to write into it. Windows has neither. */
export const READ_AT_ONCE = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0);

/** Whether an error is the file system's "no such file". */
export function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR');
}

/**
 * The input error for a file or folder that is there but can't be read: no permission, or a folder where a file should
 * be.
 */
export function unreadable(path: string, error: unknown): InputError {
  return new InputError(`${path} can't be read: ${error instanceof Error ? error.message : error}`);
}

/**
 * Reads a text file; undefined when there is none.
 * @throws InputError when it can't be read, has more than 64 MB, is a git-lfs pointer, or is not UTF-8.
 */
export async function readTextIfAny(path: string): Promise<string | undefined> {
  let bytes: Buffer;
  try {
    bytes = await readWhole(path);
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error instanceof InputError ? error : unreadable(path, error);
  }
  refusePointer(bytes, path);
  return utf8Text(bytes, path);
}

async function readWhole(path: string): Promise<Buffer> {
  const file = await open(path, READ_AT_ONCE);
  try {
    const status = await file.stat();
    if (!status.isFile()) throw new InputError(`${path} can't be read: it is not a file`);
    if (status.size > MAX_BYTES) {
      throw new InputError(
        `${path} has ${status.size} bytes; a text file that is read whole has ${MAX_BYTES} at most`,
      );
    }
    return await file.readFile();
  } finally {
    await file.close();
  }
}

/**
 * Reads a JSON file and checks its form; undefined when there is no such file.
 * @throws InputError naming the file, for what is not JSON or lacks the schema's form.
 */
export async function readJsonIfAny<T>(path: string, schema: z.ZodType<T>): Promise<T | undefined> {
  const text = await readTextIfAny(path);
  return text === undefined ? undefined : parseJson(text, schema, path);
}

/**
 * Parses JSON text and checks its form.
 * @throws InputError naming `where` and every field that is missing or of the wrong type.
 */
export function parseJson<T>(text: string, schema: z.ZodType<T>, where: string): T {
  const fault = structureFault(text);
  if (fault !== undefined) throw new InputError(`${where}: the JSON ${fault}`);
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new InputError(`${where} is not valid JSON: ${shown(message)}`);
  }
  return checkForm(json, schema, where);
}

/** Faults that one message lists. */
const LISTED = 5;

/**
 * Checks a value against a schema.
 * @throws InputError naming `where` and every field that does not fit, with the value given.
 */
export function checkForm<T>(value: unknown, schema: z.ZodType<T>, where: string): T {
  const result = schema.safeParse(value, { reportInput: true });
  if (result.success) return result.data;
  const { issues } = result.error;
  const faults = issues.slice(0, LISTED).map((issue) => {
    const path = issue.path.map(String).join('.') || 'content';
    const given =
      typeof issue.input === 'object' ? '' : ` (got ${shown(JSON.stringify(issue.input) ?? 'nothing')})`;
    return `${shown(path)}: ${shown(issue.message, 1000)}${given}`;
  });
  const rest = issues.length > LISTED ? `; and ${issues.length - LISTED} more` : '';
  throw new InputError(`${where}: ${faults.join('; ')}${rest}`);
}
