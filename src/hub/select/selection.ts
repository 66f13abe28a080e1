import type { RepoFile } from '../base/repo-file.ts';
import type { Repository } from '../base/repository.ts';

/** What is wanted of a repository. */
export type Wanted =
  /** A model to load: its weights, config and tokenizer. */
  | 'model'
  /** Its tokenizer alone. */
  | 'tokenizer'
  /** An adapter in PEFT layout. */
  | 'adapter'
  /** A model or an adapter, whichever it is. */
  | 'either'
  /** The files of a data set. */
  | 'data';

/** What files are chosen from. */
export interface Offer {
  readonly repository: Repository;
  readonly files: readonly RepoFile[];
  /** The part that the name asks for. */
  readonly part: string | undefined;
  /** Downloads a small file and reads it. */
  readonly read: (file: RepoFile) => Promise<string>;
}

/** The files that are wanted, and what they are loaded by. */
export interface Selection {
  /** Without these it can't be loaded. */
  readonly weights: readonly RepoFile[];
  /** Config, tokenizer and templates, of which a cache that another program filled may lack some. */
  readonly settings: readonly RepoFile[];
  /** A file or folder below the snapshot; '' is the snapshot's own folder. */
  readonly path: string;
}

/** A few names, for an error. */
export function someOf(names: readonly string[], most = 12): string {
  const rest = names.length - most;
  return `${names.slice(0, most).join(', ')}${rest > 0 ? ` and ${rest} more` : ''}`;
}
