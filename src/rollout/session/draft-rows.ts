import type { DecodeOutputs, DecodingModel } from '../../model/cache/decoding-model.ts';
import { bytesOfToken, KvCache } from '../../model/cache/kv-cache.ts';
import { argmax, drawToken } from '../drawing/draw-token.ts';
import type { DecodeRow } from './decode-row.ts';
import { type Distribution, truncated } from './distribution.ts';
import { groupsByPrompt, prefillRows } from './fill-cache.ts';

/** What a draft proposes for a row. */
export interface Proposal {
  readonly ids: number[];
  /** What each was drawn from; nothing for greedy rows. */
  readonly from: Distribution[];
}

/** The rows of a session in the draft's own cache: all their tokens but the last. */
export class DraftRows {
  private readonly model: DecodingModel;
  private readonly cache: KvCache;
  /** In the order of the cache. */
  private rows: DecodeRow[] = [];

  constructor(model: DecodingModel) {
    this.model = model;
    this.cache = new KvCache(model.cache);
  }

  /** Bytes of keys and values: allocated, and those of them that hold any. */
  get memory(): { readonly bytes: number; readonly used: number } {
    const each = bytesOfToken(this.model.cache);
    const used = this.cache.lengths.reduce((sum, length) => sum + length, 0);
    return { bytes: this.cache.bytes, used: used * each };
  }

  /**
   * Drops rows that have left the session. Computes the texts of those that have entered it.
   * @param most rows that there may be room for.
   */
  async enter(active: readonly DecodeRow[], most: number, signal?: AbortSignal): Promise<void> {
    const wanted = new Set(active);
    for (let r = this.rows.length - 1; r >= 0; r--) {
      const row = this.rows[r]!;
      if (!wanted.has(row) || this.cache.lengthOf(r) !== row.length - 1) this.remove(r);
    }
    const held = new Set(this.rows);
    const entering = active.filter((row) => !held.has(row));
    if (entering.length === 0) return;
    const texts = entering.map((row) => row.ids.slice(0, -1));
    const first = this.cache.add(
      entering.length,
      texts.reduce((longest, { length }) => Math.max(longest, length), 1),
      most,
    );
    const placed = entering.map((row, i) => ({ row, ids: texts[i]!, place: first + i }));
    try {
      await prefillRows(groupsByPrompt(placed), { model: this.model, cache: this.cache, signal });
    } catch (error) {
      while (this.cache.rows > this.rows.length) this.cache.remove(this.cache.rows - 1);
      throw error;
    }
    this.rows = [...this.rows, ...entering];
  }

  /**
   * Proposes the next tokens of every row, one after the other. `counts` says how many of each row's are used; only for
   * those does a row draw numbers.
   */
  async propose(counts: ReadonlyMap<DecodeRow, number>): Promise<ReadonlyMap<DecodeRow, Proposal>> {
    const proposals = new Map(this.rows.map((row) => [row, { ids: [], from: [] } as Proposal]));
    const steps = Math.max(0, ...counts.values());
    for (let step = 0; step < steps; step++) {
      const outputs = await this.step(proposals);
      for (const [r, row] of this.rows.entries())
        this.addTo(proposals.get(row)!, row, { outputs, r, used: step < (counts.get(row) ?? 0) });
    }
    return proposals;
  }

  /**
   * Brings the cache to what became of the rows. A row whose last proposal was accepted lacks that token: it is computed
   * for all rows in one more step.
   */
  async settle(proposals: ReadonlyMap<DecodeRow, Proposal>): Promise<void> {
    const goesOn = ({ finishReason, cancelled }: DecodeRow) => finishReason === undefined && !cancelled;
    const lacks = (row: DecodeRow, r: number) =>
      goesOn(row) && proposals.get(row)!.ids.length > 0 && this.cache.lengthOf(r) < row.length - 1;
    if (this.rows.some(lacks)) await this.step(proposals);
    for (const [r, row] of this.rows.entries())
      this.cache.cut(r, Math.min(this.cache.lengthOf(r), row.length - 1));
  }

  /** One step after the last proposal of each row, or after its last token. */
  private async step(proposals: ReadonlyMap<DecodeRow, Proposal>): Promise<DecodeOutputs> {
    const outputs = await this.model.step(
      Int32Array.from(this.rows, (row) => proposals.get(row)?.ids.at(-1) ?? row.ids.at(-1)!),
      this.cache,
      {
        temperatures: Float32Array.from(this.rows, ({ request }) => request.temperature || 1),
        drawing: this.rows.some(({ draws }) => draws),
      },
    );
    this.cache.append(outputs.tensors);
    return outputs;
  }

  private addTo(
    { ids, from }: Proposal,
    row: DecodeRow,
    { outputs, r, used }: { readonly outputs: DecodeOutputs; readonly r: number; readonly used: boolean },
  ): void {
    if (!row.draws || !used) {
      ids.push(outputs.likeliest[r]!);
      return;
    }
    const weights = row.weights(outputs, { r, vocabSize: this.model.vocabSize, after: ids });
    const { temperature, stream } = row.request;
    if (temperature === 0) ids.push(argmax(weights));
    else {
      from.push(truncated(weights, row.request));
      ids.push(drawToken(weights, row.request, stream.next()));
    }
  }

  /** Removes a row. The last one moves to its place. */
  private remove(r: number): void {
    this.cache.remove(r);
    const last = this.rows.at(-1)!;
    this.rows = this.rows.slice(0, -1);
    if (r < this.rows.length) this.rows[r] = last;
  }
}
