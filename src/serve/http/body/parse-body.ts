import type { z } from 'zod';
import { issueError } from '../errors/issue-error.ts';
import { readJson } from './read-json.ts';

/** Reads a request's body and checks it against its schema. @throws ApiError in OpenAI's words. */
export async function parseBody<S extends z.ZodType>(request: Request, schema: S): Promise<z.output<S>> {
  const result = schema.safeParse(await readJson(request), { reportInput: true });
  if (result.success) return result.data;
  throw issueError(result.error, schema);
}
