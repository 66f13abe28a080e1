import { realpath } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { InputError } from '../../errors.ts';
import { isMissing, unreadable } from '../../io/read-json.ts';
import { shown } from '../../io/text/shown.ts';

/**
 * The path of a folder's file, after a check that no symbolic link leads out of the folder. In the Hugging Face cache a
 * snapshot's links may lead to the blobs of the same repository. A file that is missing passes.
 * @throws InputError when a link leads elsewhere, or in circles.
 */
export async function insideFolder(folder: string, name: string): Promise<string> {
  const path = join(folder, name);
  const target = await resolved(path);
  if (target === undefined) return path;
  const root = (await resolved(folder))!;
  if (target.startsWith(root + sep) || blobsOf(root).some((blobs) => target.startsWith(blobs + sep)))
    return path;
  throw new InputError(
    `${path} is a link that leads out of its folder, to ${shown(target)}; put the file itself there`,
  );
}

async function resolved(path: string): Promise<string | undefined> {
  try {
    return await realpath(path);
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw unreadable(path, error);
  }
}

/** Where the links of a snapshot lead in the cache: models--owner--name/{snapshots/REVISION/…,blobs}. */
function blobsOf(root: string): string[] {
  const parts = root.split(sep);
  const at = parts.lastIndexOf('snapshots');
  return at > 0 && /^(models|datasets)--/.test(parts[at - 1]!)
    ? [[...parts.slice(0, at), 'blobs'].join(sep)]
    : [];
}
