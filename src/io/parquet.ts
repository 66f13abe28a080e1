import { asyncBufferFromFile, parquetMetadataAsync, parquetReadObjects } from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import { InputError } from '../errors.ts';
import { refusePointerFile } from './lfs-pointer.ts';
import type { Row } from './row.ts';

/**
 * Streams the rows of a Parquet file, one row group in memory at a time. 64-bit integers become numbers where they
 * are exact, text otherwise.
 * @throws InputError when the file is no Parquet file, is a git-lfs pointer, or uses a feature that can't be read.
 */
export async function* readParquet(path: string): AsyncGenerator<Row> {
  try {
    await refusePointerFile(path);
    const file = await asyncBufferFromFile(path);
    const metadata = await parquetMetadataAsync(file);
    let start = 0;
    for (const group of metadata.row_groups) {
      const end = start + Number(group.num_rows);
      const rows = await parquetReadObjects({ file, metadata, compressors, rowStart: start, rowEnd: end });
      for (const [i, values] of rows.entries()) {
        yield { values: plain(values) as Record<string, unknown>, where: `${path} row ${start + i + 1}` };
      }
      start = end;
    }
  } catch (error) {
    if (error instanceof InputError) throw error;
    throw new InputError(`${path}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** Values as JSON has them. */
function plain(value: unknown): unknown {
  if (typeof value === 'bigint') {
    const number = Number(value);
    return Number.isSafeInteger(number) ? number : String(value);
  }
  if (value instanceof Date) return value.toISOString();
  if (value === undefined) return null;
  if (Array.isArray(value)) return value.map(plain);
  if (ArrayBuffer.isView(value)) return Array.from(value as unknown as Iterable<unknown>, plain);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, plain(inner)]));
}
