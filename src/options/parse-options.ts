import type { z } from 'zod';
import { InputError } from '../errors.ts';
import { issueLines } from './issue-lines.ts';

/**
 * Parses the options of an environment, reward or other plug-in against its zod schema and fills in defaults.
 * @param what what the options belong to, for the message: 'env arithmetic'.
 * @throws InputError naming every option that is unknown, missing or out of range, with the value given.
 */
export function parseOptions<S extends z.ZodType>(what: string, schema: S, options: unknown): z.output<S> {
  const result = schema.safeParse(options, { reportInput: true });
  if (result.success) return result.data;
  throw new InputError(`${what}: ${issueLines(result.error, schema).join('; ')}`);
}
