/** A file of a repository at a commit. */
export interface RepoFile {
  /** Relative to the repository, steps parted by `/`. */
  readonly path: string;
  /** Bytes. */
  readonly size: number;
  /**
   * What its content must hash to, which is also its name among the blobs of the cache: SHA-256 of a large file (git
   * LFS, Xet), git's SHA-1 of a small one.
   */
  readonly digest: string;
}
