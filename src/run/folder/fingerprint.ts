import { createHash } from 'node:crypto';
import { basename } from 'node:path';
import { z } from 'zod';
import { openBinaryFile } from '../../io/binary-file.ts';

/** Enough of a file to tell whether its content is still the same, wherever it lies. */
export const fingerprintSchema = z.object({
  name: z.string(),
  bytes: z.int().nonnegative(),
  /** Of the first and the last mebibyte. */
  sha256: z.string(),
});
export type Fingerprint = z.output<typeof fingerprintSchema>;

const PART = 2 ** 20;

/** Reads a file's fingerprint. @throws InputError when it can't be read. */
export async function fingerprintOf(path: string): Promise<Fingerprint> {
  const file = await openBinaryFile(path);
  try {
    const { size: bytes } = file;
    const first = Math.min(PART, bytes);
    const last = Math.min(PART, bytes - first);
    const hash = createHash('sha256');
    hash.update(Buffer.from(await file.read(0, first)));
    hash.update(Buffer.from(await file.read(bytes - last, last)));
    return { name: basename(path), bytes, sha256: hash.digest('hex') };
  } finally {
    await file.close();
  }
}

/** How files differ from what they were, in words; nothing when they don't. `what` says what they are: 'data'. */
export function fileChanges(
  what: string,
  before: readonly Fingerprint[],
  now: readonly Fingerprint[],
): string[] {
  if (before.length !== now.length) return [`${what} (${count(before)} then, ${count(now)} now)`];
  return now.flatMap((file, i) => {
    const { bytes, sha256 } = before[i]!;
    if (bytes !== file.bytes) return [`${what} ${file.name} (${bytes} bytes then, ${file.bytes} now)`];
    return sha256 === file.sha256 ? [] : [`${what} ${file.name} (of the same size, but another content)`];
  });
}

const count = ({ length }: readonly unknown[]) => `${length} ${length === 1 ? 'file' : 'files'}`;
