import type { DecodeOutputs, DecodingModel } from '../../model/cache/decoding-model.ts';
import { KeptKeys } from '../../model/cache/kept-keys.ts';
import { allocatedFor, bytesOfToken, KvCache } from '../../model/cache/kv-cache.ts';
import { type Admission, admitRows } from './admit-rows.ts';
import { ChunkedEntrance, type ChunkedPrefill } from './chunked-entrance.ts';
import { type DecodeRequest, DecodeRow } from './decode-row.ts';
import { type DraftModel, Speculation, type SpeculationStats } from './speculation.ts';

export interface SessionOptions {
  /**
   * Bytes of keys and values: of the rows under way, and of kept texts, which get what is left, half at most. A function
   * says how many there are at the moment, of memory that several sessions share.
   */
  readonly cacheBytes?: number | (() => number) | undefined;
  /** Keys and values of earlier texts of the same model and weights. The session adds its own. */
  readonly kept?: KeptKeys | undefined;
  /** Whether a text may begin with the keys and values of another that begins alike. Default false. */
  readonly reuses?: boolean | undefined;
  /**
   * Computes prompts in chunks between decoding steps, where it is given: a long one does not hold the others up, and a
   * row's numbers do not depend on what is beside it, nor on what was there before. A text always begins with the keys
   * and values of prompts that were kept, by whole chunks. Default: prompts are computed at once, together.
   */
  readonly chunked?: ChunkedPrefill | undefined;
  /**
   * A step computes so many rows at least. onnxruntime adds up the products of a single row in an order of its own, where
   * the weights are inputs. Default 1.
   */
  readonly leastRows?: number | undefined;
  /** Proposes tokens, of which several may be taken in one step: the same texts, sooner. Its cache is part of `cacheBytes`. */
  readonly draft?: DraftModel | undefined;
}

/** Rows decoded at a time. */
const MAX_ROWS = 256;
const CACHE_BYTES = 1e9;

/**
 * Decodes completions that come and go: a row that ends makes room for the next one at once.
 *
 * Rows enter in the order in which they were admitted, as long as there is memory for a quarter more than the longest
 * has. When rows grow out of it, the shortest leaves, and enters again later with the tokens that it has. So a row's
 * tokens depend on its request alone, but for rounding: its numbers are computed beside others, and may be computed
 * twice.
 * @example
 * const session = new DecodeSession(model);
 * const row = session.admit(request);
 * while (row.finishReason === undefined) await session.step();
 */
export class DecodeSession {
  private readonly model: DecodingModel;
  private readonly cache: KvCache;
  private readonly kept: KeptKeys;
  private readonly bytesGiven: () => number;
  private readonly reuses: boolean;
  private readonly leastRows: number;
  private readonly entrance: ChunkedEntrance | undefined;
  private readonly speculation: Speculation | undefined;
  /** Of the bytes that are given, the share for the model's own keys and values; the draft has the rest. */
  private readonly share: number;
  private waiting: DecodeRow[] = [];
  /** The rows in the cache, in its order. */
  private active: DecodeRow[] = [];

  constructor(
    model: DecodingModel,
    { cacheBytes = CACHE_BYTES, kept, reuses = false, chunked, leastRows = 1, draft }: SessionOptions = {},
  ) {
    this.model = model;
    this.cache = new KvCache(model.cache);
    this.kept = kept ?? new KeptKeys();
    this.speculation = draft && new Speculation(model, draft);
    this.share = draft ? shareBeside(model, draft.model) : 1;
    this.bytesGiven = () => this.share * (typeof cacheBytes === 'number' ? cacheBytes : cacheBytes());
    this.reuses = reuses;
    this.leastRows = leastRows;
    this.entrance = chunked && new ChunkedEntrance(model, this.kept, chunked);
  }

  /** Whether nothing is left to do. */
  get idle(): boolean {
    return this.waiting.length + this.entering + this.active.length === 0;
  }

  /** Rows that a step would compute, and rows that wait for memory or for their prompts. */
  get rows(): { readonly active: number; readonly waiting: number } {
    return { active: this.active.length, waiting: this.waiting.length + this.entering };
  }

  /** Bytes of keys and values: allocated, kept texts and the draft's included, and those of them that hold any. */
  get memory(): { readonly bytes: number; readonly used: number } {
    const each = bytesOfToken(this.model.cache);
    const entering = this.entrance?.memory ?? { bytes: 0, used: 0 };
    const used = this.cache.lengths.reduce((sum, length) => sum + length, entering.used);
    const allocated = this.cache.bytes + entering.bytes;
    const drafts = this.speculation?.memory ?? { bytes: 0, used: 0 };
    const { bytes: kept } = this.kept;
    return { bytes: allocated + kept + drafts.bytes, used: used * each + kept + drafts.used };
  }

  /** Bytes that other sessions must leave to this one: what its rows take when the longest has grown a little. */
  get claimed(): number {
    const { bytes } = this.memory;
    const count = this.active.length + this.entering;
    const longest = Math.max(this.cache.longest, this.entrance?.longest ?? 0);
    const soon = count === 0 ? 0 : this.bytes(count, allocatedFor(longest + 32));
    return Math.max(bytes, soon / this.share + this.kept.bytes);
  }

  /** Forgets kept texts until they take no more than so many bytes. */
  shrinkKept(bytes: number): void {
    this.kept.shrink(bytes);
  }

  /** How proposals have fared; undefined without a draft. */
  get speculated(): SpeculationStats | undefined {
    return this.speculation?.stats;
  }

  /** Adds a completion. It gets its first token in the next step, or when there is room. */
  admit(request: DecodeRequest): DecodeRow {
    const row = new DecodeRow(request, this.model.maxPositions);
    this.waiting.push(row);
    return row;
  }

  /** Gives a completion up. It gets no more tokens once the step under way has ended. */
  cancel(row: DecodeRow): void {
    row.cancelled = true;
    this.waiting = this.waiting.filter((each) => each !== row);
  }

  /**
   * Lets waiting rows in, and computes one token of each row, or with a draft one or more. Returns the rows that got
   * some. One step at a time; rows may be admitted and cancelled meanwhile.
   * @throws the signal's reason when it has aborted; the session can go on afterwards.
   */
  async step(signal?: AbortSignal): Promise<readonly DecodeRow[]> {
    signal?.throwIfAborted();
    this.leave((row) => row.cancelled);
    await this.enter(signal);
    if (this.active.length === 0) return [];
    this.makeRoom();
    const { active } = this;
    const stepped = this.speculation
      ? await this.speculation.step(active, this.cache, signal)
      : await this.stepOnce(active);
    this.leave((row) => row.cancelled || row.finishReason !== undefined);
    return stepped;
  }

  /** Computes one token of each row. Returns the rows that got one. */
  private async stepOnce(active: readonly DecodeRow[]): Promise<DecodeRow[]> {
    const lengths = active.map((_, r) => this.cache.lengthOf(r));
    const outputs = await this.compute(active, lengths);
    // A row that entered again goes through the tokens that it has.
    const takes = (row: DecodeRow, r: number) => !row.cancelled && lengths[r]! + 1 === row.length;
    const stepped = active.filter(takes);
    for (const [r, row] of active.entries()) if (takes(row, r)) row.take(outputs, r, this.model.vocabSize);
    return stepped;
  }

  /**
   * Computes a step of the rows in the cache, and appends their keys and values. Blank rows bring them to the least
   * number.
   */
  private async compute(active: readonly DecodeRow[], lengths: readonly number[]): Promise<DecodeOutputs> {
    const { cache } = this;
    const blank = Math.max(0, this.leastRows - active.length);
    if (blank > 0) cache.add(blank, 1, this.leastRows);
    const filled = <T>(values: readonly T[], value: T) => [...values, ...Array<T>(blank).fill(value)];
    const ids = active.map((row, r) => row.idAt(lengths[r]!));
    const temperatures = active.map(({ request }) => request.temperature || 1);
    try {
      const outputs = await this.model.step(Int32Array.from(filled(ids, 0)), cache, {
        temperatures: Float32Array.from(filled(temperatures, 1)),
        drawing: active.some(({ needsProbabilities }) => needsProbabilities),
      });
      cache.append(outputs.tensors);
      return outputs;
    } finally {
      for (let i = 0; i < blank; i++) cache.remove(cache.rows - 1);
    }
  }

  /** Removes rows from the cache. The last row takes the place of one that leaves. */
  private leave(leaves: (row: DecodeRow) => boolean): void {
    const rows = [...this.active];
    for (let r = rows.length - 1; r >= 0; r--) {
      const row = rows[r]!;
      if (!leaves(row)) continue;
      if (row.request.keep && !row.cancelled && this.entrance === undefined) this.keep(row, r);
      this.remove(r);
    }
    this.active = [...this.active];
    this.boundKept();
  }

  private remove(r: number): void {
    this.cache.remove(r);
    const last = this.active.at(-1)!;
    this.active = this.active.slice(0, -1);
    if (r < this.active.length) this.active[r] = last;
  }

  /** Keeps the keys and values of a row: of all its tokens that went through the model. */
  private keep(row: DecodeRow, r: number, shared?: readonly number[]): void {
    this.kept.keep({ ids: row.ids.slice(0, this.cache.lengthOf(r)), keys: this.cache.read(r), shared });
  }

  /** Rows that wait enter the cache, as many as there is room for. */
  private async enter(signal: AbortSignal | undefined): Promise<void> {
    const rows = this.fitting();
    if (this.entrance !== undefined) return this.enterInChunks(this.entrance, rows, signal);
    if (rows.length === 0) return;
    const { model, cache, kept, active, reuses } = this;
    const most = (positions: number) => this.mostRows(positions);
    const admission: Admission = { model, cache, kept, active, reuses, signal, most };
    try {
      this.active = [...active, ...(await admitRows(rows, admission))];
    } catch (error) {
      while (cache.rows > active.length) cache.remove(cache.rows - 1);
      this.waiting = [...rows, ...this.waiting];
      throw error;
    }
    this.shareLast(rows);
    this.boundKept();
  }

  /** Computes some chunks of prompts. Rows whose prompts are complete enter the cache. */
  private async enterInChunks(
    entrance: ChunkedEntrance,
    rows: readonly DecodeRow[],
    signal: AbortSignal | undefined,
  ): Promise<void> {
    entrance.dropCancelled();
    for (const row of rows) entrance.begin(row);
    for (const { rows: entered, past, keys } of await entrance.advance(this.active.length, signal)) {
      const first = this.cache.add(entered.length, Math.max(1, past.length), this.mostRows(past.length));
      if (keys !== undefined) for (const i of entered.keys()) this.cache.write(first + i, keys, past.length);
      this.active = [...this.active, ...entered];
    }
    this.boundKept();
  }

  /** Rows whose prompts are being computed. */
  private get entering(): number {
    return this.entrance?.rows ?? 0;
  }

  /** Takes the rows that there is room for from those that wait. */
  private fitting(): DecodeRow[] {
    const rows: DecodeRow[] = [];
    let longest = Math.max(this.cache.longest, this.entrance?.longest ?? 0);
    let positions = longest;
    for (const row of this.waiting) {
      const count = this.active.length + this.entering + rows.length + 1;
      const most = Math.max(longest, row.length);
      const growth = Math.min(row.left, Math.max(32, Math.ceil(most / 4)));
      if (count > MAX_ROWS) break;
      if (count > 1 && this.bytes(count, allocatedFor(most + growth)) > this.cacheBytes) break;
      rows.push(row);
      longest = most;
      positions = most + growth;
    }
    const count = this.active.length + this.entering + rows.length;
    if (this.cache.bytes > this.cacheBytes) this.cache.trim(Math.max(count, this.leastRows));
    if (this.bytes(count, this.cache.capacity) > this.cacheBytes) this.cache.shrink(positions);
    this.waiting = this.waiting.slice(rows.length);
    return rows;
  }

  /** Keeps the prompt of the last rows that entered while others of the same prompt wait, and forgets it after them. */
  private shareLast(entered: readonly DecodeRow[]): void {
    const prompt = entered.at(-1)!.request.promptIds;
    const wanted = this.waiting[0]?.request.promptIds;
    for (const text of this.kept.shared()) if (text.shared !== wanted) this.kept.forget(text);
    if (wanted !== prompt || this.kept.shared().some(({ shared }) => shared === prompt)) return;
    const r = this.active.findIndex(({ request }) => request.promptIds === prompt);
    const length = prompt.length - 1;
    const keys = this.cache.read(r, length);
    this.kept.keep({ ids: prompt.slice(0, length), keys, shared: prompt });
  }

  /** The shortest rows leave while there is no room for one more token of each. They wait in front of the others. */
  private makeRoom(): void {
    for (;;) {
      const needed = this.bytes(this.active.length, allocatedFor(this.cache.longest + 1));
      if (this.active.length <= 1 || needed <= this.cacheBytes) return;
      let shortest = 0;
      for (const r of this.active.keys())
        if (this.cache.lengthOf(r) <= this.cache.lengthOf(shortest)) shortest = r;
      const row = this.active[shortest]!;
      if (this.entrance === undefined) this.keep(row, shortest);
      this.remove(shortest);
      this.waiting.unshift(row);
      this.kept.shrink(
        this.cacheBytes - this.bytes(this.active.length, allocatedFor(this.cache.longest + 1)),
      );
    }
  }

  /** Forgets kept texts that there is no memory for. */
  private boundKept(): void {
    const { cache, kept, cacheBytes } = this;
    // Texts that would be computed again with other bits are worth a copy of the rows.
    if (this.entrance === undefined && kept.bytes > cacheBytes - cache.bytes) cache.trim();
    kept.shrink(Math.min(cacheBytes - cache.bytes, cacheBytes / 2));
  }

  /** Rows that the cache may make room for, at so many positions each or at those that it has. */
  private mostRows(positions: number): number {
    const each = this.bytes(1, Math.max(this.cache.capacity, allocatedFor(positions)));
    return Math.floor(this.cacheBytes / each);
  }

  private get cacheBytes(): number {
    return this.bytesGiven();
  }

  private bytes(rows: number, positions: number): number {
    return rows * positions * bytesOfToken(this.model.cache);
  }
}

/** The share of a model's keys and values in those of the model and its draft. */
function shareBeside(model: DecodingModel, draft: DecodingModel): number {
  const [own, drafts] = [bytesOfToken(model.cache), bytesOfToken(draft.cache)];
  return own / (own + drafts);
}
