import { existsSync } from 'node:fs';
import { InputError } from '../errors.ts';
import { type HubId, hubIdText, parseHubId } from './base/hub-id.ts';
import { type Pulled, pull } from './pull.ts';
import { pinnedId } from './revisions.ts';
import type { Wanted } from './select/selection.ts';
import { NoRepositoryError, UnreachableError } from './transfer/hub-errors.ts';

/** The name on the hub that a text stands for; undefined for what lies here, and for what is no such name. */
export const hubIdOf = (given: string): HubId | undefined =>
  existsSync(given) ? undefined : parseHubId(given);

/**
 * Where what a person named lies: a file or folder that is here stands for itself; a name on the hub
 * (`owner/name[@revision][:part]`) for its copy in the cache, downloaded if need be. Any other text stays as it is, for
 * whoever opens it to refuse.
 * @throws as `pull`.
 */
export async function localPath(given: string, wanted: Wanted): Promise<string> {
  const id = hubIdOf(given);
  return id === undefined ? given : (await pullNamed(given, id, wanted)).path;
}

/** A model that was loaded, by a name that stands for the same tomorrow: with its commit where it is one on the hub. */
export function pinnedName(given: string): string {
  const id = hubIdOf(given);
  return id === undefined ? given : hubIdText(pinnedId(id, 'model'));
}

/** `pull` for what may be a misspelt path: the errors say so. */
async function pullNamed(given: string, id: HubId, wanted: Wanted): Promise<Pulled> {
  try {
    return await pull(id, wanted);
  } catch (error) {
    const text = `${JSON.stringify(given)} is no file or folder here, and`;
    if (error instanceof NoRepositoryError)
      throw new InputError(`${text} ${error.message}`, { cause: error });
    if (error instanceof UnreachableError && !error.broke)
      throw new UnreachableError(`${text} ${error.message}`, { broke: false, cause: error });
    throw error;
  }
}
