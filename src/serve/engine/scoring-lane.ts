import { KvCache } from '../../model/cache/kv-cache.ts';
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
}

/** A prompt that is being scored. */
interface Scoring {
  readonly ids: readonly number[];
  readonly topLogprobs: number;
  readonly cache: KvCache;
  readonly tokens: (GeneratedToken | undefined)[];
  readonly resolve: (tokens: readonly (GeneratedToken | undefined)[]) => void;
  readonly reject: (error: unknown) => void;
}

/** The prompts that are scored under one model with one set of weights. They take turns, a chunk each. */
export class ScoringLane implements SteppedWork {
  private readonly parts: Parts;
  private under: Scoring[] = [];

  constructor(parts: Parts) {
    this.parts = parts;
  }

  get idle(): boolean {
    return this.under.length === 0;
  }

  /** Prompts that are being scored. */
  get count(): number {
    return this.under.length;
  }

  /** Scores a prompt. @throws the signal's reason when it is aborted. */
  score(
    ids: readonly number[],
    topLogprobs: number,
    signal: AbortSignal,
  ): Promise<readonly (GeneratedToken | undefined)[]> {
    signal.throwIfAborted();
    const { layers, kvHeads, headDim } = this.parts.set.config;
    const cache = new KvCache({ layers, kvHeads, headDim });
    cache.add(1, Math.min(ids.length, this.parts.chunk));
    if (ids.length < 2) return Promise.resolve(ids.map(() => undefined));
    let cancel = () => {};
    const scored = new Promise<readonly (GeneratedToken | undefined)[]>((resolve, reject) => {
      const scoring: Scoring = { ids, topLogprobs, cache, tokens: [undefined], resolve, reject };
      this.under.push(scoring);
      cancel = () => {
        this.under = this.under.filter((each) => each !== scoring);
        reject(signal.reason);
      };
    });
    signal.addEventListener('abort', cancel, { once: true });
    return scored.finally(() => signal.removeEventListener('abort', cancel));
  }

  async step(): Promise<void> {
    const scoring = this.under.shift()!;
    // It waits behind the others for its next chunk, and is there to be given up meanwhile.
    this.under.push(scoring);
    const { ids, cache, tokens } = scoring;
    const { set, weights, chunk } = this.parts;
    const from = cache.longest;
    const to = Math.min(from + chunk, ids.length - 1);
    const targets = ids.slice(from + 1, to + 1);
    const given = { ids: Int32Array.from(ids.slice(from, to)), targets: Int32Array.from(targets), cache };
    const scores = await set.scoring.score(weights, given);
    for (const t of targets.keys()) tokens.push(this.token(scores, t, { id: targets[t]!, ...scoring }));
    if (tokens.length < ids.length) return;
    this.under = this.under.filter((each) => each !== scoring);
    scoring.resolve(tokens);
  }

  fail(error: unknown): void {
    for (const { reject } of this.under) reject(error);
    this.under = [];
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
