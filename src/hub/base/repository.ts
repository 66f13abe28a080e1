import type { RepoKind } from './hub-id.ts';

/** A repository of the hub. */
export interface Repository {
  readonly kind: RepoKind;
  /** owner/name */
  readonly name: string;
}

/** Where people look at a repository. */
export const pageOf = ({ kind, name }: Repository, endpoint: string): string =>
  `${endpoint}/${kind === 'dataset' ? 'datasets/' : ''}${name}`;

/** Where a file of a repository is downloaded. */
export const fileUrl = (repository: Repository, endpoint: string, commit: string, path: string): string =>
  `${pageOf(repository, endpoint)}/resolve/${commit}/${path.split('/').map(encodeURIComponent).join('/')}`;

/** What people call it: "model openai/x", "data set openai/y". */
export const titleOf = ({ kind, name }: Repository): string =>
  `${kind === 'dataset' ? 'data set' : 'model'} ${name}`;
