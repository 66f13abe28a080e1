import { InputError } from '../../errors.ts';
import type { HubSettings } from '../base/hub-settings.ts';
import { type Repository, titleOf } from '../base/repository.ts';
import type { Asked } from '../transfer/hub-errors.ts';
import { hubRequest } from '../transfer/hub-request.ts';
import { checkCommit, checkListing, type ListedFile, listingError } from './repo-files.ts';

/** Most bytes of one answer of the hub's API. */
const MOST_BYTES = 2 ** 26;

/**
 * Asks for the commit that a branch, a tag or a commit is at now.
 * @throws InputError when there is no such repository or revision, or it may not be read; UnreachableError.
 */
export async function askCommit(
  repository: Repository,
  revision: string,
  settings: HubSettings,
): Promise<string> {
  const { modelInfo, datasetInfo } = await import('@huggingface/hub');
  const asked = { repository, revision, settings };
  const about = { name: repository.name, revision, hubUrl: settings.endpoint, fetch: fetchFor(asked) };
  const ask = () =>
    repository.kind === 'dataset'
      ? datasetInfo({ ...about, additionalFields: ['sha'] })
      : modelInfo({ ...about, additionalFields: ['sha'] });
  const { sha } = await ask().catch((error: unknown) => {
    throw listingError(error, repository);
  });
  return checkCommit(sha, repository);
}

/** Asks for the files of a repository at a commit. @throws as `askCommit`, and InputError as `checkListing`. */
export async function askFiles(
  repository: Repository,
  commit: string,
  settings: HubSettings,
): Promise<ListedFile[]> {
  const { listFiles } = await import('@huggingface/hub');
  const { kind: type, name } = repository;
  const asked = { repository, revision: commit, settings };
  const entries = listFiles({
    repo: { type, name },
    recursive: true,
    revision: commit,
    hubUrl: settings.endpoint,
    fetch: fetchFor(asked),
  });
  try {
    return await checkListing(entries, repository);
  } catch (error) {
    throw listingError(error, repository);
  }
}

/** What the client library fetches with: our own requests, with their token, their patience and their errors. */
function fetchFor(asked: Asked): typeof fetch {
  return async (input, { method } = {}) => {
    const { headers, chunks } = await hubRequest(String(input), { asked, method });
    const body: Uint8Array[] = [];
    let bytes = 0;
    for await (const chunk of chunks()) {
      bytes += chunk.length;
      if (bytes > MOST_BYTES)
        throw new InputError(
          `the hub's answer about ${titleOf(asked.repository)} is longer than ${MOST_BYTES} bytes`,
        );
      body.push(chunk);
    }
    return new Response(Buffer.concat(body), { headers });
  };
}
