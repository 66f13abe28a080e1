import { allocatedFor, bytesOfToken, type CacheDimensions, KvCache } from '../../model/cache/kv-cache.ts';
import type { ModelWeights } from '../../model/model-programs.ts';
import type { TokenScores } from '../../model/scoring/token-scores.ts';
import type { GeneratedToken } from '../model-service.ts';
import type { ProgramSet } from './program-sets.ts';
import type { SteppedWork } from './scheduler.ts';
import type { TokenViews } from './token-views.ts';

interface Parts {
  readonly set: ProgramSet;
  readonly weights: ModelWeights;
  readonly views: TokenViews;
  /** Tokens that are scored in a step. */
  readonly chunk: number;
  /** Bytes of keys and values that all prompts of the lane may take at the moment. */
  readonly cacheBytes: () => number;
}

/** A prompt to score. */
interface Asked {
  readonly ids: readonly number[];
  readonly topLogprobs: number;
  readonly resolve: (tokens: readonly (GeneratedToken | undefined)[]) => void;
  readonly reject: (error: unknown) => void;
}

/** A prompt that is being scored. */
interface Scoring {
  readonly asked: Asked;
  readonly cache: KvCache;
  readonly tokens: (GeneratedToken | undefined)[];
}

/** Prompts that are scored side by side at most: a short one need not wait for a long one. */
const MOST_OPEN = 4;

/**
 * The prompts that are scored under one model with one set of weights, in the order in which they come. Those that are
 * open take turns, a chunk each: a few, as long as there is memory for the keys and values of the whole of them, and one
 * in any case.
 */
export class ScoringLane implements SteppedWork {
  private readonly parts: Parts;
  private readonly dimensions: CacheDimensions;
  private waiting: Asked[] = [];
  private open: Scoring[] = [];

  constructor(parts: Parts) {
    this.parts = parts;
    const { layers, kvHeads, headDim } = parts.set.config;
    this.dimensions = { layers, kvHeads, headDim };
  }

  get idle(): boolean {
    return this.waiting.length + this.open.length === 0;
  }

  /** Prompts that are being scored, and prompts that wait for their turn. */
  get rows(): { readonly active: number; readonly waiting: number } {
    return { active: this.open.length, waiting: this.waiting.length };
  }

  /** Bytes of keys and values: allocated, and those of them that hold any. */
  get memory(): { readonly bytes: number; readonly used: number } {
    const positions = this.open.reduce((sum, { cache }) => sum + cache.longest, 0);
    const bytes = this.open.reduce((sum, { cache }) => sum + cache.bytes, 0);
    return { bytes, used: positions * bytesOfToken(this.dimensions) };
  }

  /** Bytes that others must leave to this lane: what the open prompts take in the end. */
  get claimed(): number {
    return this.open.reduce((sum, { asked }) => sum + this.bytesOf(asked), 0);
  }

  /** Scores a prompt. @throws the signal's reason when it is aborted. */
  score(
    ids: readonly number[],
    topLogprobs: number,
    signal: AbortSignal,
  ): Promise<readonly (GeneratedToken | undefined)[]> {
    signal.throwIfAborted();
    if (ids.length < 2) return Promise.resolve(ids.map(() => undefined));
    let cancel = () => {};
    const scored = new Promise<readonly (GeneratedToken | undefined)[]>((resolve, reject) => {
      const asked: Asked = { ids, topLogprobs, resolve, reject };
      this.waiting.push(asked);
      cancel = () => {
        this.forget(asked);
        reject(signal.reason);
      };
    });
    signal.addEventListener('abort', cancel, { once: true });
    return scored.finally(() => signal.removeEventListener('abort', cancel));
  }

  async step(): Promise<void> {
    this.openWaiting();
    const scoring = this.open.shift()!;
    // It waits behind the others for its next chunk, and is there to be given up meanwhile.
    this.open.push(scoring);
    const { asked, cache, tokens } = scoring;
    const { ids } = asked;
    const { set, weights, chunk } = this.parts;
    const from = cache.longest;
    const to = Math.min(from + chunk, ids.length - 1);
    const targets = ids.slice(from + 1, to + 1);
    const given = { ids: Int32Array.from(ids.slice(from, to)), targets: Int32Array.from(targets), cache };
    const scores = await set.scoring.score(weights, given);
    for (const t of targets.keys()) tokens.push(this.token(scores, t, { id: targets[t]!, ...asked }));
    if (tokens.length < ids.length) return;
    this.forget(asked);
    asked.resolve(tokens);
  }

  fail(error: unknown): void {
    for (const { reject } of [...this.open.map(({ asked }) => asked), ...this.waiting]) reject(error);
    this.open = [];
    this.waiting = [];
  }

  /** Gives the first prompts that wait a cache each, as many as there is room for. */
  private openWaiting(): void {
    while (this.waiting.length > 0 && this.open.length < MOST_OPEN) {
      const [next] = this.waiting as [Asked];
      const fits = this.claimed + this.bytesOf(next) <= this.parts.cacheBytes();
      if (this.open.length > 0 && !fits) return;
      this.waiting.shift();
      const cache = new KvCache(this.dimensions);
      cache.add(1, Math.min(next.ids.length, this.parts.chunk));
      this.open.push({ asked: next, cache, tokens: [undefined] });
    }
  }

  private forget(asked: Asked): void {
    this.waiting = this.waiting.filter((each) => each !== asked);
    this.open = this.open.filter((each) => each.asked !== asked);
  }

  /** Bytes of the keys and values of a whole prompt. */
  private bytesOf({ ids }: Asked): number {
    return allocatedFor(ids.length) * bytesOfToken(this.dimensions);
  }

  private token(
    { logprobs, topIds, topLogprobs: all, width }: TokenScores,
    t: number,
    { id, topLogprobs }: { readonly id: number; readonly topLogprobs: number },
  ): GeneratedToken {
    const { views } = this.parts;
    const count = Math.min(topLogprobs, width);
    const places = Array.from({ length: count }, (_, k) => t * width + k);
    const top = places.map((place) => views.withProb(topIds[place]!, all[place]!));
    return { ...views.withProb(id, logprobs[t]!), top };
  }
}
