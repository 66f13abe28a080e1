import type { HostTensor } from '../../engine/engine.ts';
import type { DecodingModel } from '../../model/cache/decoding-model.ts';
import { commonStart, type KeptKeys } from '../../model/cache/kept-keys.ts';
import { KvCache, type TextKeys } from '../../model/cache/kv-cache.ts';
import { lengthBucket } from '../../model/length-bucket.ts';
import { intRows } from '../../model/packed-rows.ts';
import type { DecodeRow } from './decode-row.ts';
import { SteadyGroups } from './steady-groups.ts';

/** How prompts are computed in chunks. */
export interface ChunkedPrefill {
  /** Tokens of a chunk. Chunks begin at multiples of it. */
  readonly chunk: number;
  /**
   * Most tokens that are computed between two decoding steps, padding included; at least one chunk is. Where more prompts
   * wait than rows are held up, it is as many times more, four times at most.
   */
  readonly tokens: number;
}

/** A prompt whose keys and values are all there, and the rows that begin with it. */
export interface EnteredText {
  readonly rows: readonly DecodeRow[];
  /** The prompt but for its last token, which decoding starts with. */
  readonly past: readonly number[];
  /** Left out for a prompt of one token. */
  readonly keys?: TextKeys;
}

/** A prompt that is being computed. */
interface EnteringText {
  rows: DecodeRow[];
  readonly past: readonly number[];
  /** Keys and values of the tokens so far. */
  readonly cache: KvCache;
  readonly keep: boolean;
}

/** A chunk to compute for a text, and others that begin with the same tokens to the end of the chunk. */
interface PlannedChunk {
  readonly text: EnteringText;
  readonly ids: readonly number[];
  readonly width: number;
  readonly followers: EnteringText[];
}

/** How many times the most tokens are computed at most, where many prompts wait. */
const MOST_TIMES = 4;

/** Shorter prompts are not worth keeping. */
const LEAST_KEPT = 16;

/**
 * Where rows wait while their prompts are computed in chunks, between decoding steps.
 *
 * A chunk begins at a multiple of the chunk's size, and its shape depends on the text alone. So a text's keys and values
 * have the same bits whatever enters beside it, and whether its beginning was computed for it or for another text that
 * begins alike. Each text gets one chunk in its turn: a short one does not wait for a long one.
 */
export class ChunkedEntrance {
  private readonly model: DecodingModel;
  private readonly kept: KeptKeys;
  private readonly settings: ChunkedPrefill;
  private readonly groups: SteadyGroups;
  /** In the order of their turns. */
  private texts: EnteringText[] = [];

  constructor(model: DecodingModel, kept: KeptKeys, settings: ChunkedPrefill) {
    this.model = model;
    this.kept = kept;
    this.settings = settings;
    this.groups = new SteadyGroups(model);
  }

  /** Rows whose prompts are being computed. */
  get rows(): number {
    return this.texts.reduce((sum, { rows }) => sum + rows.length, 0);
  }

  /** Tokens of the longest of these rows, those included that it has already and will be given again. */
  get longest(): number {
    return this.texts.flatMap(({ rows }) => rows).reduce((most, { length }) => Math.max(most, length), 0);
  }

  /** Bytes that are allocated, and positions in use. */
  get memory(): { readonly bytes: number; readonly used: number } {
    return {
      bytes: this.texts.reduce((sum, { cache }) => sum + cache.bytes, 0),
      used: this.texts.reduce((sum, { cache }) => sum + cache.longest, 0),
    };
  }

  /** Lets a row in: its prompt waits for its first turn, unless the same prompt is under way. */
  begin(row: DecodeRow): void {
    const past = row.request.promptIds.slice(0, -1);
    const keep = row.request.keep === true;
    const same = this.texts.find((text) => text.keep === keep && equal(text.past, past));
    if (same !== undefined) {
      same.rows.push(row);
      note(row, past.length);
      return;
    }
    const cache = new KvCache(this.model.cache);
    cache.add(1, Math.min(past.length, this.settings.chunk));
    note(row, this.reuse(past, cache));
    this.texts.push({ rows: [row], past, cache, keep });
  }

  /** Forgets rows that were cancelled. */
  dropCancelled(): void {
    for (const text of this.texts) text.rows = text.rows.filter(({ cancelled }) => !cancelled);
    this.texts = this.texts.filter(({ rows }) => rows.length > 0);
  }

  /**
   * Computes a chunk of each text, in turns, up to the most tokens. Returns the texts that are complete.
   * @param heldUp rows that wait meanwhile for their next tokens.
   * @throws the signal's reason when it has aborted; what was computed stays.
   */
  async advance(heldUp: number, signal?: AbortSignal): Promise<EnteredText[]> {
    const planned = this.plan(Math.min(MOST_TIMES, Math.max(1, this.texts.length / Math.max(1, heldUp))));
    const firsts = planned.filter(({ text }) => text.cache.longest === 0);
    for (const group of this.groups.cut(firsts)) {
      signal?.throwIfAborted();
      const tensors = await this.groups.prefill(group.map(({ ids, width }) => ({ ids, width })));
      for (const [i, chunk] of group.entries()) take(chunk, tensors[i]!.tensors, tensors[i]!.index);
    }
    for (const chunk of planned.filter((each) => !firsts.includes(each))) {
      signal?.throwIfAborted();
      const { ids, width, text } = chunk;
      take(chunk, await this.model.extend(intRows([ids], width), text.cache, 0), 0);
    }
    const served = new Set(planned.flatMap(({ text, followers }) => [text, ...followers]));
    this.texts = [...this.texts.filter((text) => !served.has(text)), ...served];
    return this.complete();
  }

  /** Whose turn it is, and what they get. */
  private plan(times: number): PlannedChunk[] {
    const { chunk, tokens } = this.settings;
    const planned: PlannedChunk[] = [];
    let left = times * tokens;
    for (const text of this.texts) {
      const from = text.cache.longest;
      const ids = text.past.slice(from, from + chunk);
      if (ids.length === 0) continue;
      const leader = planned.find(
        (other) => ids.length === chunk && startsAlike(other.text, text, from, from + chunk),
      );
      if (leader !== undefined) {
        leader.followers.push(text);
        continue;
      }
      const width = lengthBucket(ids.length);
      if (planned.length > 0 && width > left) continue;
      left -= width;
      planned.push({ text, ids, width, followers: [] });
    }
    return planned;
  }

  /** Takes out the texts that have all their keys. */
  private complete(): EnteredText[] {
    const isDone = ({ past, cache }: EnteringText) => cache.longest === past.length;
    const done = this.texts.filter(isDone);
    this.texts = this.texts.filter((text) => !isDone(text));
    return done.map(({ rows, past, cache, keep }) => {
      if (past.length === 0) return { rows, past };
      const keys = cache.read(0);
      if (keep && past.length >= LEAST_KEPT && this.kept.find(past) === undefined)
        this.kept.keep({ ids: past, keys });
      return { rows, past, keys };
    });
  }

  /** Begins a text with what is kept of it: the same text, or whole chunks. Returns how many tokens are there. */
  private reuse(past: readonly number[], cache: KvCache): number {
    const same = this.kept.find(past);
    if (same !== undefined) cache.write(0, same.keys, past.length);
    if (same !== undefined) return past.length;
    const { chunk } = this.settings;
    const found = this.kept.longest(past);
    const common = chunk * Math.floor((found?.common ?? 0) / chunk);
    if (common > 0) cache.write(0, found!.text.keys, common);
    return common;
  }
}

/** Appends a computed chunk to its text, and to those that begin alike. */
function take({ text, ids, followers }: PlannedChunk, tensors: readonly HostTensor[], prompt: number): void {
  for (const each of [text, ...followers]) each.cache.extend(0, tensors, { prompt, length: ids.length });
  for (const { rows, past } of followers)
    for (const row of rows) note(row, Math.min(past.length, row.cachedTokens + ids.length));
}

/** Notes the tokens of a prompt that were not computed for a row: when it first enters, not when it comes back. */
function note(row: DecodeRow, cachedTokens: number): void {
  if (row.tokenIds.length === 0) row.cachedTokens = cachedTokens;
}

/** Whether two texts stand at the same token, and have all in common up to another. */
function startsAlike(a: EnteringText, b: EnteringText, from: number, to: number): boolean {
  return a.cache.longest === from && a.past.length >= to && commonStart(a.past, b.past) >= to;
}

const equal = (a: readonly number[], b: readonly number[]): boolean =>
  a.length === b.length && commonStart(a, b) === a.length;
