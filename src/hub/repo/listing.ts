import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { InputError } from '../../errors.ts';
import { tell } from '../base/hub-events.ts';
import type { HubSettings } from '../base/hub-settings.ts';
import type { RepoFile } from '../base/repo-file.ts';
import type { Repository } from '../base/repository.ts';
import { cachePaths } from '../cache/cache-paths.ts';
import { localFiles } from '../cache/local-files.ts';
import { writeQuietly } from '../cache/write-quietly.ts';
import { UnreachableError } from '../transfer/hub-errors.ts';
import { copyUsed, notHere } from '../transfer/without-hub.ts';
import { askFiles } from './ask-hub.ts';
import { checkListing, type ListedFile, repoFile } from './repo-files.ts';

// The files of a commit never change: their list is kept in the cache, in the form of Python's huggingface_hub
// (trees/<commit>.json), which tells both whether a snapshot is whole without asking the hub.

const schema = z.object({
  format_version: z.literal(1),
  files: z.record(
    z.string(),
    z.object({
      size: z.number(),
      blob_id: z.string(),
      lfs_sha256: z.string().nullish(),
      lfs_size: z.number().nullish(),
      xet_hash: z.string().nullish(),
    }),
  ),
});

/**
 * The files of a repository at a commit: from the cache, or asked for and kept there. Where the list is not in the cache
 * and the hub can't be asked, the files that are here stand for it.
 * @throws as `askFiles`; InputError when nothing is here and HF_HUB_OFFLINE forbids to ask.
 */
export async function listing(
  repository: Repository,
  commit: string,
  settings: HubSettings,
): Promise<readonly RepoFile[]> {
  const { tree, snapshot } = cachePaths(repository, settings.cache);
  const known = await readListing(tree(commit), repository);
  if (known !== undefined) return known.map(repoFile);
  if (settings.offline) {
    const here = await localFiles(snapshot(commit));
    if (here.length > 0) return here;
    throw new InputError(notHere(repository, settings));
  }
  try {
    const files = await askFiles(repository, commit, settings);
    await writeQuietly(tree(commit), JSON.stringify(stored(files), null, 1));
    return files.map(repoFile);
  } catch (error) {
    const here = error instanceof UnreachableError ? await localFiles(snapshot(commit)) : [];
    if (here.length === 0) throw error;
    tell({ type: 'note', text: copyUsed(error as Error, repository, commit) });
    return here;
  }
}

/** A list that is damaged, or of a later form, counts as none. */
async function readListing(path: string, repository: Repository): Promise<ListedFile[] | undefined> {
  try {
    const { files } = schema.parse(JSON.parse(await readFile(path, 'utf8')));
    return await checkListing(entries(files), repository);
  } catch {
    return undefined;
  }
}

async function* entries(files: z.output<typeof schema>['files']): AsyncGenerator<unknown> {
  for (const [path, { size, blob_id, lfs_sha256, lfs_size }] of Object.entries(files)) {
    const lfs = lfs_sha256 ? { oid: lfs_sha256, size: lfs_size ?? size } : undefined;
    yield { type: 'file', path, size, oid: blob_id, lfs };
  }
}

function stored(files: readonly ListedFile[]): z.input<typeof schema> {
  const sorted = [...files].sort((a, b) => (a.path < b.path ? -1 : 1));
  const entry = ({ size, oid, lfs, xetHash }: ListedFile) => ({
    size,
    blob_id: oid,
    ...(lfs && { lfs_sha256: lfs.oid, lfs_size: lfs.size }),
    ...(xetHash && { xet_hash: xetHash }),
  });
  return { format_version: 1, files: Object.fromEntries(sorted.map((file) => [file.path, entry(file)])) };
}
