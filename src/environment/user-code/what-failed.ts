import { fileURLToPath } from 'node:url';
import { inspect } from 'node:util';
import { AnnealError } from '../../errors.ts';
import { packageRoot } from '../../io/package-root.ts';

const ROOT = fileURLToPath(packageRoot);
/** Our own code and that of dependencies: a user's mistake lies elsewhere. */
const notTheirs = [
  ...['src/', 'dist/', 'rewards/', 'envs/'].map((folder) => ROOT + folder),
  '/node_modules/',
  'node:',
];

/** The message of an error from a recipe's own code, and the place in the user's file where it was thrown. */
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
