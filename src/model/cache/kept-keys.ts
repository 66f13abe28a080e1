import type { TextKeys } from './kv-cache.ts';

/** The keys and values of a text's first tokens, and which tokens these are. */
export interface KeptText {
  readonly ids: readonly number[];
  readonly keys: TextKeys;
  /** The prompt whose rows still wait for it. */
  readonly shared?: readonly number[] | undefined;
}

/**
 * Keys and values of texts that may be continued, in host memory. Texts that are not asked for are forgotten first.
 * They belong to one model with one set of weights.
 */
export class KeptKeys {
  /** The least recently used first. */
  private readonly texts = new Set<KeptText>();
  private held = 0;

  /** Bytes held. */
  get bytes(): number {
    return this.held;
  }

  keep(text: KeptText): void {
    this.texts.add(text);
    this.held += bytesOf(text.keys);
  }

  /** The texts that rows of a prompt wait for. */
  shared(): KeptText[] {
    return [...this.texts].filter(({ shared }) => shared !== undefined);
  }

  /** The text that begins as `ids` do for the most tokens, and for how many. */
  longest(ids: readonly number[]): { readonly text: KeptText; readonly common: number } | undefined {
    let best: { text: KeptText; common: number } | undefined;
    for (const text of this.texts) {
      const common = commonStart(text.ids, ids);
      if (common > (best?.common ?? 0)) best = { text, common };
    }
    if (best === undefined) return undefined;
    this.texts.delete(best.text);
    this.texts.add(best.text);
    return best;
  }

  /** The text of exactly these ids. */
  find(ids: readonly number[]): KeptText | undefined {
    for (const text of this.texts) {
      if (text.ids.length !== ids.length || commonStart(text.ids, ids) < ids.length) continue;
      this.texts.delete(text);
      this.texts.add(text);
      return text;
    }
    return undefined;
  }

  forget(text: KeptText): void {
    if (this.texts.delete(text)) this.held -= bytesOf(text.keys);
  }

  /** Forgets every text. */
  clear(): void {
    this.texts.clear();
    this.held = 0;
  }

  /** Forgets texts until no more than so many bytes are held, but none that rows wait for. */
  shrink(bytes: number): void {
    for (const text of this.texts) {
      if (this.held <= bytes) return;
      if (text.shared === undefined) this.forget(text);
    }
  }
}

const bytesOf = ({ arrays }: TextKeys): number => arrays.reduce((sum, array) => sum + array.byteLength, 0);

/** The number of tokens at their beginning that two texts have in common. */
export function commonStart(some: readonly number[], others: readonly number[]): number {
  const most = Math.min(some.length, others.length);
  let common = 0;
  while (common < most && some[common] === others[common]) common++;
  return common;
}
