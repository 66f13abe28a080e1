import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import pLimit from 'p-limit';
import { AnnealError } from '../errors.ts';
import { tell } from './base/hub-events.ts';
import type { HubSettings } from './base/hub-settings.ts';
import type { RepoFile } from './base/repo-file.ts';
import { type Repository, titleOf } from './base/repository.ts';
import { cachePaths } from './cache/cache-paths.ts';
import { isWhole, linkBlob } from './cache/link-blob.ts';
import { downloadBlob } from './transfer/download-blob.ts';

/** Files that are downloaded at a time. */
const AT_A_TIME = 4;

/** A repository at a commit, as it lies in the cache. */
export class Snapshot {
  readonly repository: Repository;
  readonly commit: string;
  /** Its folder. */
  readonly folder: string;
  private readonly settings: HubSettings;

  constructor(repository: Repository, commit: string, settings: HubSettings) {
    this.repository = repository;
    this.commit = commit;
    this.settings = settings;
    this.folder = cachePaths(repository, settings.cache).snapshot(commit);
  }

  /** The files that are not in the cache yet. */
  async missing(files: readonly RepoFile[]): Promise<RepoFile[]> {
    const whole = await Promise.all(files.map(({ path, size }) => isWhole(join(this.folder, path), size)));
    return files.filter((_, i) => !whole[i]);
  }

  /**
   * Downloads the files that are missing.
   * @throws as `downloadBlob`; AnnealError when the cache can't be written.
   */
  async bring(files: readonly RepoFile[]): Promise<void> {
    const missing = await this.missing(files);
    if (missing.length === 0) return;
    const what = titleOf(this.repository);
    const bytes = missing.reduce((sum, { size }) => sum + size, 0);
    tell({ type: 'start', what, files: missing.length, bytes });
    const stop = new AbortController();
    const limit = pLimit(AT_A_TIME);
    const all = missing.map((file) => limit(() => this.bringOne(file, stop.signal)));
    try {
      await Promise.all(all);
    } catch (error) {
      stop.abort(error);
      await Promise.allSettled(all);
      throw error instanceof AnnealError ? error : unwritable(error, this.settings.cache);
    } finally {
      tell({ type: 'end', what });
    }
  }

  /** The text of a file that is here. */
  async read(file: RepoFile): Promise<string> {
    return readFile(join(this.folder, file.path), 'utf8');
  }

  private async bringOne(file: RepoFile, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const { repository, commit, settings } = this;
    const blob = cachePaths(repository, settings.cache).blob(file.digest);
    if (!(await isWhole(blob, file.size)))
      await downloadBlob(blob, { asked: { repository, revision: commit, settings }, file, signal });
    await linkBlob(blob, join(this.folder, file.path));
  }
}

function unwritable(error: unknown, cache: string): Error {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === undefined) return error as Error;
  return new AnnealError(`can't write the hub's cache ${cache}: ${message} (HF_HOME names another folder)`, {
    cause: error,
  });
}
