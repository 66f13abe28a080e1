import { fileURLToPath } from 'node:url';
import { inspect } from 'node:util';
import { AnnealError } from '../../errors.ts';
import { packageRoot } from '../../io/package-root.ts';

const ROOT = fileURLToPath(packageRoot);
/** Code that is ours or of a dependency: not where a user would look for a mistake of theirs. */
const notTheirs = [
  ...['src/', 'dist/', 'rewards/', 'envs/'].map((folder) => ROOT + folder),
  '/node_modules/',
  'node:',
];

/** What went wrong in code that a recipe brought along: the message, and the place in their file where it was thrown. */
export function whatFailed(cause: unknown): string {
  if (!(cause instanceof Error))
    return typeof cause === 'string' ? cause : inspect(cause, { breakLength: Infinity });
  const place = cause instanceof AnnealError ? undefined : placeOf(cause);
  return place === undefined ? cause.message : `${cause.message} (at ${place})`;
}

function placeOf({ stack = '' }: Error): string | undefined {
  const frames = [...stack.matchAll(/^ +at (?:.*\()?(?:file:\/\/)?([^()\s]+:\d+:\d+)\)?$/gm)].map(
    (match) => match[1]!,
  );
  return frames.find((frame) => !notTheirs.some((part) => frame.includes(part)));
}

/**
 * Waits for a user's promise, but not for ever.
 * @throws what it rejects with, or an Error when `seconds` have passed.
 */
export async function inTime<T>(promise: T | Promise<T>, seconds: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new AnnealError(`it took longer than ${seconds} s`)), seconds * 1000);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
