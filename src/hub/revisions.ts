import { readFile } from 'node:fs/promises';
import { tell } from './base/hub-events.ts';
import type { HubId, RepoKind } from './base/hub-id.ts';
import { type HubSettings, hubSettings } from './base/hub-settings.ts';
import type { Repository } from './base/repository.ts';
import { cachePaths } from './cache/cache-paths.ts';
import { writeQuietly } from './cache/write-quietly.ts';
import { askCommit } from './repo/ask-hub.ts';
import { NoRepositoryError, UnreachableError } from './transfer/hub-errors.ts';
import { copyUsed, notHere } from './transfer/without-hub.ts';

const COMMIT = /^[0-9a-f]{40}$/;

/** The commits that this process has asked for: a branch that moves on while a run is under way is the one that it began with. */
const commits = new Map<string, string>();

const keyOf = ({ kind, name }: Repository, revision: string, { cache }: HubSettings): string =>
  `${cache} ${kind} ${name}@${revision}`;

/** Takes a name for a commit from now on, as a run that goes on takes it for the one that it began with. */
export function pinCommit({ name, revision = 'main' }: HubId, kind: RepoKind, commit: string): void {
  commits.set(keyOf({ kind, name }, revision, hubSettings()), commit);
}

/** All that this thread takes names for, for another thread to take them for the same. */
export const knownCommits = (): (readonly [name: string, commit: string])[] => [...commits];

/** Takes names for what another thread takes them for. */
export function takeCommits(known: readonly (readonly [name: string, commit: string])[]): void {
  for (const [name, commit] of known) commits.set(name, commit);
}

/** A name with the commit that it stands for in this process; as it is where that has not been asked for. */
export function pinnedId(id: HubId, kind: RepoKind): HubId {
  const { name, revision = 'main' } = id;
  return { ...id, revision: commits.get(keyOf({ kind, name }, revision, hubSettings())) ?? id.revision };
}

/**
 * The commit that a branch, tag or commit stands for: as the hub says, or as it said last where it can't be asked.
 * @throws InputError when the hub has no such revision, or it can't be asked and never was; UnreachableError when it
 * can't be asked because there is no connection, and never was.
 */
export async function commitOf(
  repository: Repository,
  revision: string,
  settings: HubSettings,
): Promise<string> {
  if (COMMIT.test(revision)) return revision;
  const key = keyOf(repository, revision, settings);
  const commit = commits.get(key) ?? (await freshCommit(repository, revision, settings));
  commits.set(key, commit);
  return commit;
}

async function freshCommit(repository: Repository, revision: string, settings: HubSettings): Promise<string> {
  const ref = cachePaths(repository, settings.cache).ref(revision);
  const cached = async () => {
    const text = (await readFile(ref, 'utf8').catch(() => '')).trim();
    return COMMIT.test(text) ? text : undefined;
  };
  if (settings.offline) {
    const commit = await cached();
    if (commit !== undefined) return commit;
    throw new NoRepositoryError(notHere(repository, settings));
  }
  try {
    const commit = await askCommit(repository, revision, settings);
    await writeQuietly(ref, commit);
    return commit;
  } catch (error) {
    const commit = error instanceof UnreachableError ? await cached() : undefined;
    if (commit === undefined) throw error;
    tell({ type: 'note', text: copyUsed(error as Error, repository, commit) });
    return commit;
  }
}
