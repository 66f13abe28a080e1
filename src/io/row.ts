/** A row of a data file and where it stands, for error messages. */
export interface Row {
  readonly values: Readonly<Record<string, unknown>>;
  /** 'FILE:LINE' or 'FILE row N', from 1. */
  readonly where: string;
}
