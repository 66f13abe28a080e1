import type { DecodingModel } from '../../model/cache/decoding-model.ts';
import { commonStart, type KeptKeys, type KeptText } from '../../model/cache/kept-keys.ts';
import type { KvCache, TextKeys } from '../../model/cache/kv-cache.ts';
import type { DecodeRow } from './decode-row.ts';
import { extendRows, groupsByPrompt, prefillRows } from './fill-cache.ts';

/** What rows are admitted to. */
export interface Admission {
  readonly model: DecodingModel;
  readonly cache: KvCache;
  readonly kept: KeptKeys;
  /** The rows in the cache, in its order. */
  readonly active: readonly DecodeRow[];
  /** Whether a text may begin with the keys and values of another that begins alike. */
  readonly reuses: boolean;
  readonly signal?: AbortSignal | undefined;
  /** Rows that the cache may make room for, at so many positions each. */
  readonly most: (positions: number) => number;
}

/** A shorter common beginning of two texts is not worth a call. One that goes on after a kept one always is. */
const LEAST_COMMON = 16;

/** A row that enters the cache: its tokens but the last, which decoding starts with, and how many are known. */
interface Entering {
  readonly row: DecodeRow;
  readonly past: readonly number[];
  readonly known: number;
  readonly keys?: TextKeys;
}

/**
 * Puts rows into the cache, at its end: copies keys and values that are known, computes the others. Prompts are computed
 * once for all rows that are given the same array. Returns the rows in the cache's order.
 */
export async function admitRows(rows: readonly DecodeRow[], admission: Admission): Promise<DecodeRow[]> {
  const { cache } = admission;
  const entering = rows.map((row) => enter(row, admission));
  const [partly, others] = [
    entering.filter(({ past, known }) => known > 0 && known < past.length),
    entering.filter(({ past, known }) => known === 0 || known === past.length),
  ];
  const ordered = [...others, ...partly];
  const longest = ordered.reduce((max, { past }) => Math.max(max, past.length), 1);
  const first = cache.add(ordered.length, longest, admission.most(longest));
  for (const [i, { keys, known }] of ordered.entries())
    if (keys !== undefined) cache.write(first + i, keys, known);
  const placed = others.map(({ row, past: ids, known }, i) => ({ row, ids, known, place: first + i }));
  const fresh = placed.filter(({ known }) => known === 0);
  await prefillRows(groupsByPrompt(fresh), admission);
  const rest = partly.map(({ past, known }) => past.slice(known));
  if (rest.length > 0) await extendRows(rest, first + others.length, admission);
  return ordered.map(({ row }) => row);
}

function enter(row: DecodeRow, { kept, cache, active, reuses }: Admission): Entering {
  const past = row.ids.slice(0, -1);
  const found = kept.longest(past);
  const least = reuses ? Math.min(past.length, LEAST_COMMON) : past.length;
  const beside = reuses ? besideIn(cache, active, past) : undefined;
  if (beside !== undefined && beside.common >= Math.max(least, 1 + (found?.common ?? 0)))
    return { row, past, known: beside.common, keys: cache.read(beside.index, beside.common) };
  if (found === undefined || found.common === 0) return { row, past, known: 0 };
  const goesOn = reuses && found.common === found.text.ids.length;
  if (found.common < least && !goesOn) return { row, past, known: 0 };
  forgetUsed(kept, found.text, row);
  return { row, past, known: found.common, keys: found.text.keys };
}

/** A kept text that the new row holds whole is that row's from now on, unless others wait for it. */
function forgetUsed(kept: KeptKeys, text: KeptText, row: DecodeRow): void {
  const whole = text.ids.length < row.length;
  if (whole && text.shared !== row.request.promptIds) kept.forget(text);
}

/** The row in the cache that begins as `past` does for the most tokens. */
function besideIn(cache: KvCache, active: readonly DecodeRow[], past: readonly number[]) {
  let best: { index: number; common: number } | undefined;
  for (const [index, row] of active.entries()) {
    const common = Math.min(cache.lengthOf(index), commonStart(row.request.promptIds, past));
    if (common > (best?.common ?? 0)) best = { index, common };
  }
  return best;
}
