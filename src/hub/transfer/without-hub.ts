import type { HubSettings } from '../base/hub-settings.ts';
import { type Repository, titleOf } from '../base/repository.ts';

// What is said where the hub is not asked, or does not answer.

/** The error for what is not in the cache while the hub is not to be asked. */
export const notHere = (repository: Repository, { cache }: HubSettings): string =>
  `${titleOf(repository)} is not in the cache ${cache}, and HF_HUB_OFFLINE forbids to download it: unset it, or give a folder`;

/** The note for what is taken from the cache because the hub does not answer. */
export const copyUsed = ({ message }: Error, repository: Repository, commit: string): string =>
  `${message}; the copy of ${titleOf(repository)} in the cache is used (commit ${commit.slice(0, 7)})`;
