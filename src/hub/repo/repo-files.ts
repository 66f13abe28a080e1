import { z } from 'zod';
import { AnnealError, InputError } from '../../errors.ts';
import { isSafePath } from '../base/hub-id.ts';
import type { RepoFile } from '../base/repo-file.ts';
import { type Repository, titleOf } from '../base/repository.ts';
import { UnreachableError } from '../transfer/hub-errors.ts';

/** More files than this are no repository that is read here. */
const MOST_FILES = 100_000;

const size = z.int().nonnegative();
const sha1 = z.string().regex(/^[0-9a-f]{40}$/);
const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
const entrySchema = z.union([
  z.object({
    type: z.literal('file'),
    path: z.string(),
    size,
    oid: sha1,
    lfs: z.object({ oid: sha256, size }).nullish(),
    xetHash: sha256.nullish(),
  }),
  z.object({ type: z.enum(['directory', 'unknown']), path: z.string() }),
]);

/** A file as the hub lists it. */
export type ListedFile = Extract<z.output<typeof entrySchema>, { readonly type: 'file' }>;

/** The commit that a listing is of. @throws InputError when the hub's answer is none. */
export function checkCommit(value: unknown, repository: Repository): string {
  const commit = sha1.safeParse(value);
  if (commit.success) return commit.data;
  throw malformed(repository, `its commit is ${shown(value)}`);
}

/**
 * Checks a list of files as it arrives. Every name is one that stays inside a folder, and none is both file and folder.
 * @throws InputError for a list that is not the hub's, or has a name that would lie elsewhere.
 */
export async function checkListing(
  entries: AsyncIterable<unknown>,
  repository: Repository,
): Promise<ListedFile[]> {
  const files: ListedFile[] = [];
  let seen = 0;
  for await (const entry of entries) {
    if (++seen > MOST_FILES) throw malformed(repository, `it lists more than ${MOST_FILES} files`);
    const { success, data } = entrySchema.safeParse(entry);
    if (!success) throw malformed(repository, `its list of files holds ${shown(entry)}`);
    if (!isSafePath(data.path))
      throw new InputError(
        `${titleOf(repository)} lists ${shown(data.path)}, a name that may lead out of its folder: it is not downloaded`,
      );
    if (data.type === 'file') files.push(data);
  }
  refuseClashes(files, repository);
  return files;
}

function refuseClashes(files: readonly ListedFile[], repository: Repository): void {
  const paths = new Set<string>();
  for (const { path } of files) {
    if (paths.has(path)) throw malformed(repository, `it lists ${shown(path)} twice`);
    paths.add(path);
  }
  for (const path of paths)
    for (let end = path.indexOf('/'); end >= 0; end = path.indexOf('/', end + 1))
      if (paths.has(path.slice(0, end)))
        throw malformed(repository, `it lists ${shown(path.slice(0, end))} both as a file and as a folder`);
}

/** What a listed file must be once it is here. */
export function repoFile({ path, size, oid, lfs }: ListedFile): RepoFile {
  return lfs ? { path, size: lfs.size, digest: lfs.oid } : { path, size, digest: oid };
}

function malformed(repository: Repository, what: string): InputError {
  return new InputError(`the hub's answer about ${titleOf(repository)} can't be used: ${what}`);
}

/** A value of a server, fit to be printed. */
const shown = (value: unknown): string => (JSON.stringify(value) ?? 'nothing').slice(0, 120);

/** The error of a listing: what the hub said, or that its answer can't be read. */
export function listingError(error: unknown, repository: Repository): Error {
  if (error instanceof AnnealError) return error;
  const why = error instanceof Error ? error.message : String(error);
  return error instanceof SyntaxError
    ? malformed(repository, `it is no JSON (${why.slice(0, 80)})`)
    : new UnreachableError(`can't list the files of ${titleOf(repository)}: ${why.slice(0, 200)}`, {
        broke: false,
        cause: error,
      });
}
