import { inParts } from '../../model/batching/in-parts.ts';
import type { DecodingModel } from '../../model/cache/decoding-model.ts';
import type { KvCache } from '../../model/cache/kv-cache.ts';
import { lengthBucket } from '../../model/length-bucket.ts';
import { intRows } from '../../model/packed-rows.ts';
import type { DecodeRow } from './decode-row.ts';

/** Prompt tokens prefilled in one call. */
const PREFILL_TOKENS = 8192;

/** Cached rows that get the same first tokens. */
export interface PrefillGroup {
  readonly ids: readonly number[];
  readonly rows: readonly number[];
}

interface FillOptions {
  readonly model: DecodingModel;
  readonly cache: KvCache;
  /** Checked before each call of the model. */
  readonly signal?: AbortSignal | undefined;
}

/** A row that enters the cache at a place of it, with the ids that it enters with. */
interface PlacedRow {
  readonly row: DecodeRow;
  readonly ids: readonly number[];
  readonly place: number;
}

/** Groups of rows: those beside each other that enter with the same prompt, and nothing after it, are computed once. */
export function groupsByPrompt(placed: readonly PlacedRow[]): PrefillGroup[] {
  const groups: { ids: readonly number[]; rows: number[]; prompt: readonly number[] | undefined }[] = [];
  for (const { row, ids, place } of placed) {
    const prompt = row.tokenIds.length === 0 ? row.request.promptIds : undefined;
    const same = groups.at(-1);
    if (same !== undefined && prompt !== undefined && same.prompt === prompt) same.rows.push(place);
    else groups.push({ ids, rows: [place], prompt });
  }
  return groups;
}

/** Computes the keys and values of texts from their beginning, and copies each text's to its rows. */
export async function prefillRows(
  groups: readonly PrefillGroup[],
  { model, cache, signal }: FillOptions,
): Promise<void> {
  const longest = groups.reduce((max, { ids }) => Math.max(max, ids.length), 0);
  if (longest === 0) return;
  const width = lengthBucket(longest);
  for (const part of parts(groups, width)) {
    signal?.throwIfAborted();
    const lengths = Int32Array.from(part, ({ ids }) => ids.length);
    const tensors = await model.prefill(
      intRows(
        part.map(({ ids }) => ids),
        width,
      ),
      { data: lengths, shape: [part.length], dtype: 'int32' },
    );
    for (const [p, { ids, rows }] of part.entries()) cache.fill(rows, tensors, p, ids.length);
  }
}

/** Computes the keys and values of the next ids of the cache's rows from `first` on, and appends them. */
export async function extendRows(
  texts: readonly (readonly number[])[],
  first: number,
  { model, cache, signal }: FillOptions,
): Promise<void> {
  const width = lengthBucket(texts.reduce((max, ids) => Math.max(max, ids.length), 0));
  let row = first;
  for (const part of parts(texts, width)) {
    signal?.throwIfAborted();
    const tensors = await model.extend(intRows(part, width), cache, row);
    for (const [prompt, { length }] of part.entries()) cache.extend(row++, tensors, { prompt, length });
  }
}

/** Texts of so many padded tokens that are computed in one call. */
const parts = <T>(all: readonly T[], width: number): T[][] =>
  inParts(all, Math.max(1, Math.floor(PREFILL_TOKENS / width)));
