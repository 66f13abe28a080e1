import { join } from 'node:path';
import type { Repository } from '../base/repository.ts';

/**
 * Where a repository lies in the cache, as Python's huggingface_hub lays it out: the content of each file once, by its
 * digest; for each commit a folder of links to it; and the commit that each branch or tag was last seen at.
 */
export function cachePaths({ kind, name }: Repository, cache: string) {
  const folder = join(cache, [`${kind}s`, ...name.split('/')].join('--'));
  return {
    folder,
    blob: (digest: string) => join(folder, 'blobs', digest),
    ref: (revision: string) => join(folder, 'refs', ...revision.split('/')),
    snapshot: (commit: string) => join(folder, 'snapshots', commit),
    tree: (commit: string) => join(folder, 'trees', `${commit}.json`),
  };
}
