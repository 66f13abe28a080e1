import { readFile } from 'node:fs/promises';
import type { z } from 'zod';
import { InputError } from '../errors.ts';
import { refusePointer } from './lfs-pointer.ts';
import { utf8Text } from './utf8.ts';

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
 * @throws InputError when it can't be read, is a git-lfs pointer, or is not UTF-8.
 */
export async function readTextIfAny(path: string): Promise<string | undefined> {
  let bytes: Buffer;
  try {
    bytes = await readFile(path);
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw unreadable(path, error);
  }
  refusePointer(bytes, path);
  return utf8Text(bytes, path);
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
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new InputError(`${where} is not valid JSON: ${error instanceof Error ? error.message : error}`);
  }
  return checkForm(json, schema, where);
}

/**
 * Checks a value against a schema.
 * @throws InputError naming `where` and every field that does not fit, with the value given.
 */
export function checkForm<T>(value: unknown, schema: z.ZodType<T>, where: string): T {
  const result = schema.safeParse(value, { reportInput: true });
  if (result.success) return result.data;
  const faults = result.error.issues.map((issue) => {
    const path = issue.path.map(String).join('.') || 'content';
    const given = typeof issue.input === 'object' ? '' : ` (got ${JSON.stringify(issue.input) ?? 'nothing'})`;
    return `${path}: ${issue.message}${given}`;
  });
  throw new InputError(`${where}: ${faults.join('; ')}`);
}
