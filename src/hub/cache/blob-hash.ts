import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';

/**
 * Whether a file's content is the one that a digest tells: 64 digits are its SHA-256, 40 are git's SHA-1 of a blob, over
 * `blob <bytes>\0` and the content.
 */
export async function hasDigest(
  path: string,
  { digest, size }: { readonly digest: string; readonly size: number },
): Promise<boolean> {
  const hash = digest.length === 64 ? createHash('sha256') : createHash('sha1').update(`blob ${size}\0`);
  for await (const chunk of createReadStream(path, { highWaterMark: 2 ** 20 })) hash.update(chunk as Buffer);
  return hash.digest('hex') === digest;
}
