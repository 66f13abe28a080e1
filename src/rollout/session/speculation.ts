import type { DecodeOutputs, DecodingModel } from '../../model/cache/decoding-model.ts';
import type { KvCache } from '../../model/cache/kv-cache.ts';
import { intRows } from '../../model/packed-rows.ts';
import type { DecodeRow } from './decode-row.ts';
import { acceptOrReplace, truncated } from './distribution.ts';
import { DraftRows, type Proposal } from './draft-rows.ts';

/** A draft for a model with the same vocabulary. */
export interface DraftModel {
  readonly model: DecodingModel;
  /** γ: how many tokens it proposes at a time. */
  readonly tokens: number;
}

/** How speculation went. */
export interface SpeculationStats {
  /** Rows that a call of the target gave tokens, summed over the calls, and those tokens. */
  readonly rowCalls: number;
  readonly tokens: number;
  /** Tokens that the draft proposed in those calls. */
  readonly proposed: number;
  /** How often the first proposal was offered, the second after it was accepted, and so on, and how often accepted. */
  readonly offered: readonly number[];
  readonly accepted: readonly number[];
}

/** A row in a call of the target: tokens that its cache lacks, and what the draft proposes after them. */
interface Asked {
  readonly row: DecodeRow;
  readonly known: readonly number[];
  readonly proposal: Proposal;
}

/**
 * Speculative decoding (https://arxiv.org/abs/2211.17192): the draft proposes γ tokens of each row, the target computes
 * all of them in one call, and each row takes those that are accepted and one more. Texts are the target's own: greedy
 * ones the same but for rounding, sampled ones of the same distribution. A row draws from its own stream alone.
 */
export class Speculation {
  private readonly target: DecodingModel;
  private readonly tokens: number;
  private readonly rows: DraftRows;
  private rowCalls = 0;
  private taken = 0;
  private proposed = 0;
  private readonly offered: number[];
  private readonly accepted: number[];

  constructor(target: DecodingModel, { model, tokens }: DraftModel) {
    this.target = target;
    this.tokens = tokens;
    this.rows = new DraftRows(model);
    this.offered = Array<number>(tokens).fill(0);
    this.accepted = Array<number>(tokens).fill(0);
  }

  get stats(): SpeculationStats {
    const { rowCalls, taken: tokens, proposed, offered, accepted } = this;
    return { rowCalls, tokens, proposed, offered: [...offered], accepted: [...accepted] };
  }

  /** Bytes of the draft's keys and values: allocated, and those of them that hold any. */
  get memory(): DraftRows['memory'] {
    return this.rows.memory;
  }

  /** Gives each row its next tokens, and the target's cache what they follow. Returns the rows that got some. */
  async step(active: readonly DecodeRow[], cache: KvCache, signal?: AbortSignal): Promise<DecodeRow[]> {
    await this.rows.enter(active, cache.space, signal);
    const known = active.map((row, r) => row.ids.slice(cache.lengthOf(r)).slice(0, this.tokens + 1));
    // A row that lacks more than its last token goes through those first.
    const count = (row: DecodeRow, r: number) =>
      known[r]!.length > 1 ? 0 : Math.min(this.tokens, row.left - 1);
    const counts = new Map(active.map((row, r) => [row, count(row, r)]));
    const proposals = await this.rows.propose(counts);
    const asked = active.map((row, r): Asked => {
      const { ids, from } = proposals.get(row)!;
      return { row, known: known[r]!, proposal: { ids: ids.slice(0, counts.get(row)), from } };
    });
    const width = Math.max(...asked.map(({ known, proposal }) => known.length + proposal.ids.length));
    const outputs = await this.verify(asked, cache, width);
    const stepped = asked.filter((each, r) => this.takeFrom(outputs, each, { cache, r, width }));
    await this.rows.settle(proposals);
    return stepped.map(({ row }) => row);
  }

  private verify(asked: readonly Asked[], cache: KvCache, width: number): Promise<DecodeOutputs> {
    if (this.target.verify === undefined) throw new Error('the model of a draft can’t verify its tokens');
    const texts = asked.map(({ known, proposal }) => [...known, ...proposal.ids]);
    return this.target.verify(intRows(texts, width), cache, {
      temperatures: Float32Array.from(asked, ({ row }) => row.request.temperature || 1),
      drawing: asked.some(({ row }) => row.needsProbabilities),
    });
  }

  /** Gives a row its tokens, and its cache the keys of those that they follow. Says whether it got any. */
  private takeFrom(
    outputs: DecodeOutputs,
    { row, known, proposal }: Asked,
    { cache, r, width }: { readonly cache: KvCache; readonly r: number; readonly width: number },
  ): boolean {
    const isWhole = cache.lengthOf(r) + known.length === row.length;
    let length = known.length;
    if (isWhole && !row.cancelled) {
      const first = r * width + known.length - 1;
      const before = row.length;
      const accepted = this.take(outputs, row, { first, proposal });
      length += accepted;
      this.note(accepted, proposal.ids.length, row.length - before);
    }
    cache.extend(r, outputs.tensors, { prompt: r, length });
    return isWhole && !row.cancelled;
  }

  /** Takes tokens until one is not what was proposed, or the row ends. Returns how many proposals it accepted. */
  private take(
    outputs: DecodeOutputs,
    row: DecodeRow,
    { first, proposal }: { readonly first: number; readonly proposal: Proposal },
  ): number {
    const { vocabSize } = this.target;
    for (const [i, id] of proposal.ids.entries()) {
      const q = proposal.from[i];
      const choose =
        q &&
        ((weights: Float32Array) =>
          acceptOrReplace({ p: truncated(weights, row.request), q, proposal: id }, row.request.stream));
      const token = row.take(outputs, first + i, vocabSize, choose);
      if (token !== id) return i;
      if (row.finishReason !== undefined) return i + 1;
    }
    row.take(outputs, first + proposal.ids.length, vocabSize);
    return proposal.ids.length;
  }

  private note(accepted: number, proposed: number, taken: number): void {
    this.rowCalls++;
    this.taken += taken;
    this.proposed += proposed;
    // After a proposal that ended the text nothing more was asked.
    const refused = taken > accepted && accepted < proposed ? 1 : 0;
    for (let i = 0; i < accepted + refused; i++) {
      this.offered[i]!++;
      if (i < accepted) this.accepted[i]!++;
    }
  }
}
