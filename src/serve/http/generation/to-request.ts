import { randomInt } from 'node:crypto';
import type { GenerationRequest } from '../../model-service.ts';

/** What both kinds of request say of sampling. */
interface Sampling {
  readonly model: string;
  readonly temperature?: number | null | undefined;
  readonly top_p?: number | null | undefined;
  readonly top_k?: number | null | undefined;
  readonly min_p?: number | null | undefined;
  readonly repetition_penalty?: number | null | undefined;
  readonly n?: number | null | undefined;
  readonly seed?: number | null | undefined;
  readonly stop?: string | readonly string[] | null | undefined;
  readonly ignore_eos?: boolean | null | undefined;
}

/** A prompt, and how many tokens may follow it. */
interface Room {
  readonly promptIds: readonly number[];
  readonly maxNewTokens: number;
}

/** Odd, so that the seeds of 2³² completions differ. */
const SEED_STEP = 2_654_435_761;

/** What the models are asked for: `n` completions of each prompt, those of one prompt beside each other. */
export function toRequests(
  body: Sampling,
  prompts: readonly Room[],
  topLogprobs: number,
): readonly GenerationRequest[] {
  const seed = body.seed ?? randomInt(2 ** 32);
  const { stop } = body;
  const shared = {
    model: body.model,
    temperature: body.temperature ?? 1,
    // A nucleus of no size holds the likeliest token.
    topP: Math.max(body.top_p ?? 1, Number.MIN_VALUE),
    topK: Math.max(0, body.top_k ?? 0),
    minP: body.min_p ?? 0,
    repetitionPenalty: body.repetition_penalty ?? 1,
    stop: typeof stop === 'string' ? [stop] : (stop ?? []),
    topLogprobs,
    ignoreEos: body.ignore_eos ?? false,
  };
  const indices = Array.from({ length: body.n ?? 1 }, (_, i) => i);
  return prompts.flatMap((room) => indices.map((i) => ({ ...shared, ...room, seed: seedOf(seed, i) })));
}

/** The first completion of a prompt has the seed that was given. */
const seedOf = (seed: number, index: number): number =>
  index === 0 ? seed : ((seed % 2 ** 32) + index * SEED_STEP) % 2 ** 52;
