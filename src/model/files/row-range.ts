/** Some rows of a tensor [rows, …] that stand together. */
export interface RowRange {
  readonly first: number;
  readonly count: number;
}

/** Where rows lie among the bytes of a tensor; the whole tensor without `rows`. Each row has the same number of bytes. */
export function bytesOf(
  { bytes, shape }: { readonly bytes: number; readonly shape: readonly number[] },
  rows?: RowRange,
): { readonly start: number; readonly length: number } {
  if (rows === undefined) return { start: 0, length: bytes };
  const perRow = bytes / shape[0]!;
  return { start: rows.first * perRow, length: rows.count * perRow };
}
