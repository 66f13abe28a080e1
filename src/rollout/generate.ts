import type { DecodingModel } from '../model/cache/decoding-model.ts';
import type { KeptKeys } from '../model/cache/kept-keys.ts';
import { randomStream } from '../random.ts';
import type { FinishReason } from '../types.ts';
import type { DecodeRequest, DecodeRow, StopWatch } from './session/decode-row.ts';
import { DecodeSession } from './session/decode-session.ts';
import type { DraftModel, SpeculationStats } from './session/speculation.ts';

export interface GenerateSettings extends Omit<DecodeRequest, 'promptIds' | 'stream' | 'watch'> {
  /** G: completions of each prompt. */
  readonly groupSize: number;
  /** Begins to watch a completion for stop strings. */
  readonly watch?: (() => StopWatch) | undefined;
  readonly seed: number;
  /** Bytes of keys and values. Default 1 GB. */
  readonly cacheBytes?: number | undefined;
  /** Keys and values of earlier texts, which prompts may begin with. With `keep` those of these texts are added. */
  readonly kept?: KeptKeys | undefined;
  /** Proposes tokens: the same texts, sooner. */
  readonly draft?: DraftModel | undefined;
  /** Is told at the end how the proposals fared. */
  readonly onSpeculation?: ((stats: SpeculationStats) => void) | undefined;
  /** Aborting it ends the call between two decoding steps, with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/** A completion before its text is made. */
export interface GeneratedTokens {
  readonly tokenIds: readonly number[];
  /** Under the distribution at the sampling temperature, without truncation and without repetition penalty; nats. */
  readonly logprobs: readonly number[];
  readonly finishReason: FinishReason;
}

/**
 * G completions of each prompt, in the order of the prompts. A prompt is prefilled once and its keys and values are
 * copied to its G rows; a row that ends makes room for the next. Row r draws from a stream of its own, so what it samples
 * does not depend on which rows are decoded beside it, but for rounding.
 */
export async function generate(
  model: DecodingModel,
  prompts: readonly (readonly number[])[],
  { groupSize, seed, watch, cacheBytes, kept, draft, onSpeculation, signal, ...how }: GenerateSettings,
): Promise<GeneratedTokens[][]> {
  const session = new DecodeSession(model, { cacheBytes, kept, reuses: kept !== undefined, draft });
  const rows = prompts.map((promptIds, p) =>
    Array.from({ length: groupSize }, (_, g) =>
      session.admit({
        ...how,
        promptIds,
        watch: watch?.(),
        stream: randomStream(seed, `row ${p * groupSize + g}`),
      }),
    ),
  );
  while (!session.idle) await session.step(signal);
  if (session.speculated) onSpeculation?.(session.speculated);
  return rows.map((group) => group.map(finished));
}

function finished({ tokenIds, logprobs, finishReason = 'length' }: DecodeRow): GeneratedTokens {
  return { tokenIds, logprobs, finishReason };
}
