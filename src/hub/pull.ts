import { join } from 'node:path';
import { InputError } from '../errors.ts';
import { tell } from './base/hub-events.ts';
import type { HubId } from './base/hub-id.ts';
import { type HubSettings, hubSettings } from './base/hub-settings.ts';
import type { Repository } from './base/repository.ts';
import { listing } from './repo/listing.ts';
import { commitOf } from './revisions.ts';
import { selectData } from './select/select-data.ts';
import { selectModel } from './select/select-model.ts';
import type { Offer, Selection, Wanted } from './select/selection.ts';
import { Snapshot } from './snapshot.ts';
import { UnreachableError } from './transfer/hub-errors.ts';
import { copyUsed, notHere } from './transfer/without-hub.ts';

/** What was pulled. */
export interface Pulled {
  /** What is loaded: the snapshot's folder, or a file or folder in it. */
  readonly path: string;
  readonly commit: string;
  /** The files that belong to it, relative to the snapshot, and their bytes. */
  readonly files: readonly string[];
  readonly bytes: number;
}

/**
 * Brings what is wanted of a repository into the cache, where it is not there yet, and says where it lies. Nothing is
 * asked of the network for a commit whose files are there, nor under HF_HUB_OFFLINE.
 * @throws InputError when there is no such repository, revision or file, it may not be read, or it is not in the cache
 * under HF_HUB_OFFLINE; AnnealError when it can't be downloaded.
 */
export async function pull({ name, revision = 'main', part }: HubId, wanted: Wanted): Promise<Pulled> {
  const settings = hubSettings();
  const repository: Repository = { kind: wanted === 'data' ? 'dataset' : 'model', name };
  const commit = await commitOf(repository, revision, settings);
  const snapshot = new Snapshot(repository, commit, settings);
  const files = await listing(repository, commit, settings);
  const read: Offer['read'] = async (file) => {
    await bring(snapshot, { settings: [], weights: [file] }, settings);
    return snapshot.read(file);
  };
  const chosen = await select({ repository, files, part, read }, wanted);
  await bring(snapshot, chosen, settings);
  const all = [...chosen.settings, ...chosen.weights];
  return {
    path: join(snapshot.folder, chosen.path),
    commit,
    files: all.map(({ path }) => path).sort(),
    bytes: all.reduce((sum, { size }) => sum + size, 0),
  };
}

const select = async (offer: Offer, wanted: Wanted): Promise<Selection> =>
  wanted === 'data' ? selectData(offer) : selectModel(offer, wanted);

/** Downloads what is missing. Where the hub can't be asked, the weights must be here, and settings that are will do. */
async function bring(
  snapshot: Snapshot,
  { settings: small, weights }: Pick<Selection, 'settings' | 'weights'>,
  settings: HubSettings,
): Promise<void> {
  const lacking = (await snapshot.missing(weights)).length > 0;
  if (settings.offline) {
    if (lacking) throw new InputError(notHere(snapshot.repository, settings));
    return;
  }
  try {
    await snapshot.bring([...small, ...weights]);
  } catch (error) {
    if (lacking || !(error instanceof UnreachableError)) throw error;
    tell({ type: 'note', text: copyUsed(error, snapshot.repository, snapshot.commit) });
  }
}
