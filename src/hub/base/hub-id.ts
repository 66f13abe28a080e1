/** What a repository of the hub holds. */
export type RepoKind = 'model' | 'dataset';

/** A name on the Hugging Face hub, taken apart: `owner/name[@revision][:part]`. */
export interface HubId {
  /** owner/name */
  readonly name: string;
  /** A branch, a tag or a commit; undefined is the branch main. */
  readonly revision: string | undefined;
  /** Of a model a GGUF quantisation or file (`Q4_K_M`), of a data set a folder or file; undefined is the whole. */
  readonly part: string | undefined;
}

const WORD = '[A-Za-z0-9](?:[\\w.-]*[A-Za-z0-9_])?';
const form = new RegExp(`^(${WORD}/${WORD})(?:@([\\w./-]+))?(?::([^:@]+))?$`);
/** Endings of files: a name with one is a path that somebody misspelt. */
const FILE = /\.(?:gguf|safetensors|bin|json|jsonl|ndjson|csv|parquet|txt|gz|ts|js|git)$/i;
/** Longest owner/name that the hub takes. */
const LONGEST = 96;

/**
 * Takes a name apart; undefined for what can't be one on the hub and so is a path: it starts with `.` or `/`, has no
 * slash or several, or ends as a data file does.
 */
export function parseHubId(text: string): HubId | undefined {
  const [, name, revision, part] = form.exec(text) ?? [];
  if (name === undefined || name.length > LONGEST || /--|\.\./.test(name) || FILE.test(name))
    return undefined;
  if (revision !== undefined && !isRevision(revision)) return undefined;
  if (part !== undefined && !isSafePath(part)) return undefined;
  return { name, revision, part };
}

/** Whether a text names a branch, tag or commit, and no path out of the folder of such names. */
const isRevision = (text: string): boolean => isSafePath(text) && !text.endsWith('.lock');

/** A name as it is written. */
export const hubIdText = ({ name, revision, part }: HubId): string =>
  `${name}${revision === undefined ? '' : `@${revision}`}${part === undefined ? '' : `:${part}`}`;

/**
 * Whether a file of a repository may be written below a folder under its own name: relative, with no step up, no
 * backslash, drive or control character, so that it stays inside on every system.
 */
export function isSafePath(path: string): boolean {
  if (path === '' || path.length > 1024 || /[\\\p{Cc}]/u.test(path)) return false;
  return path.split('/').every((step) => step !== '' && !/^\.{1,2}$|^[A-Za-z]:|[. ]$/.test(step));
}
