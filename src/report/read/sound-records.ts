import { existsSync } from 'node:fs';
import { z } from 'zod';
import { ownLines } from '../../io/text-chunks.ts';

/** Takes a line about something that was left out, and why. */
export type Note = (line: string) => void;

/**
 * Reads the lines of a file that hold a record, one by one. Lines that hold none are counted and noted: a crash may
 * have cut off the last, or the file is someone else's. A file that is missing or can't be read has none.
 * @param wanted sees a line before it is parsed; what it does not want is skipped.
 */
export async function* soundRecords<T>(
  path: string,
  schema: z.ZodType<T>,
  { note, wanted = () => true }: { readonly note: Note; readonly wanted?: (line: string) => boolean },
): AsyncGenerator<T> {
  if (!existsSync(path)) return;
  let damaged = 0;
  try {
    for await (const line of ownLines(path)) {
      if (!wanted(line)) continue;
      const record = parse(line, schema);
      if (record === undefined) damaged++;
      else yield record;
    }
  } catch (error) {
    note(error instanceof Error ? error.message : String(error));
  }
  if (damaged === 1) note(`${path}: 1 line holds no record and is left out`);
  if (damaged > 1) note(`${path}: ${damaged} lines hold no record and are left out`);
}

function parse<T>(line: string, schema: z.ZodType<T>): T | undefined {
  try {
    const { success, data } = schema.safeParse(JSON.parse(line));
    return success ? data : undefined;
  } catch {
    return undefined;
  }
}

export const metricsLine = z.looseObject({ step: z.int().nonnegative() });

const share = z.number();
export const evalLine = z.object({
  step: z.int().nonnegative(),
  accuracy: share,
  interval: z.tuple([share, share]),
  tasks: z.int(),
  beta: z.number(),
});

const messages = z.array(z.object({ role: z.string(), content: z.string() }));
const score = z.number().nullable();
export const rolloutLine = z.object({
  step: z.int().nonnegative(),
  task: z.string(),
  prompt: messages,
  completion: z.string(),
  turns: messages.optional(),
  rewards: z.record(z.string(), score),
  reward: score,
  advantage: score,
  beta: z.number(),
  finish_reason: z.string(),
  tokens: z.int(),
  token_texts: z.array(z.string()).optional(),
  token_logprobs: z.array(z.number().nullable()).optional(),
  token_advantages: z.array(z.number()).optional(),
});
export type RolloutLine = z.output<typeof rolloutLine>;
