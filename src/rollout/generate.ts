import type { DecodingModel } from '../model/decoding-model.ts';
import { KvCache } from '../model/kv-cache.ts';
import { lengthBucket } from '../model/length-bucket.ts';
import { type RandomStream, randomStream } from '../random.ts';
import type { FinishReason } from '../types.ts';
import { argmax, drawToken } from './drawing/draw-token.ts';
import type { Truncation } from './drawing/kept-tokens.ts';
import { penaliseRepetition } from './drawing/penalise-repetition.ts';
import type { StopWatch } from './stop-strings.ts';

export interface GenerateSettings extends Truncation {
  /** G: completions of each prompt. */
  readonly groupSize: number;
  readonly maxNewTokens: number;
  /** 0 is greedy decoding; its log-probs are those at temperature 1. */
  readonly temperature: number;
  /** Above 1 makes tokens of the prompt and of the completion so far less likely; 1 when left out. */
  readonly repetitionPenalty?: number | undefined;
  readonly eosTokenIds: readonly number[];
  /** Begins to watch a completion for stop strings. */
  readonly watch?: (() => StopWatch) | undefined;
  readonly seed: number;
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

/** Rows decoded at a time, unless the cache would grow past `CACHE_BYTES`. */
const MAX_ROWS = 256;
const CACHE_BYTES = 2 ** 30;
/** Prompt tokens prefilled in one call. */
const PREFILL_TOKENS = 8192;

/**
 * G completions of each prompt, in the order of the prompts. A prompt is prefilled once and its keys and values are
 * copied to its G rows; rows that end leave the batch. Row r draws from a stream of its own, so what it samples does
 * not depend on which rows are decoded beside it.
 */
export async function generate(
  model: DecodingModel,
  prompts: readonly (readonly number[])[],
  settings: GenerateSettings,
): Promise<GeneratedTokens[][]> {
  const results: GeneratedTokens[][] = [];
  for (const wave of waves(model, prompts, settings)) {
    results.push(...(await decodeWave(model, wave, results.length, settings)));
  }
  return results;
}

/** Cuts the prompts into runs that are decoded together. */
function waves(
  model: DecodingModel,
  prompts: readonly (readonly number[])[],
  { groupSize, maxNewTokens }: GenerateSettings,
): (readonly number[])[][] {
  const { layers, kvHeads, headDim } = model.cache;
  const longest = prompts.reduce((max, prompt) => Math.max(max, prompt.length), 1);
  const rowBytes = 8 * layers * kvHeads * headDim * (longest + maxNewTokens);
  const rows = Math.min(MAX_ROWS, Math.floor(CACHE_BYTES / rowBytes));
  const size = Math.max(1, Math.floor(rows / groupSize));
  const count = Math.ceil(prompts.length / size);
  return Array.from({ length: count }, (_, i) => prompts.slice(i * size, (i + 1) * size));
}

interface Row {
  readonly prompt: readonly number[];
  readonly tokenIds: number[];
  readonly logprobs: number[];
  readonly stream: RandomStream;
  readonly stops: StopWatch | undefined;
  /** Tokens it may still get. */
  room: number;
  finishReason?: FinishReason;
}

async function decodeWave(
  model: DecodingModel,
  prompts: readonly (readonly number[])[],
  firstPrompt: number,
  settings: GenerateSettings,
): Promise<GeneratedTokens[][]> {
  const { groupSize } = settings;
  const rows = prompts.flatMap((prompt, p) =>
    Array.from(
      { length: groupSize },
      (_, g): Row => ({
        prompt,
        tokenIds: [],
        logprobs: [],
        stops: settings.watch?.(),
        stream: randomStream(settings.seed, `row ${(firstPrompt + p) * groupSize + g}`),
        room: Math.min(settings.maxNewTokens, model.maxPositions - prompt.length),
      }),
    ),
  );
  const cache = new KvCache(model.cache, rows.length);
  await prefillPrompts(model, prompts, settings, cache);
  let ids = Int32Array.from(rows, (_, r) => prompts[Math.floor(r / groupSize)]!.at(-1)!);
  let active = rows;
  while (active.length > 0) {
    settings.signal?.throwIfAborted();
    const { probabilities, topLogits, tensors } = await model.step(ids, cache, settings.temperature || 1);
    cache.append(tensors);
    for (const [r, row] of active.entries()) {
      const own = probabilities.subarray(r * model.vocabSize, (r + 1) * model.vocabSize);
      extend(row, { probabilities: own, topLogit: topLogits[r]! }, settings);
    }
    const going = active.flatMap(({ finishReason }, r) => (finishReason === undefined ? [r] : []));
    if (going.length < active.length) cache.keep(going);
    active = going.map((r) => active[r]!);
    ids = Int32Array.from(active, (row) => row.tokenIds.at(-1)!);
  }
  return prompts.map((_, p) => rows.slice(p * groupSize, (p + 1) * groupSize).map(finished));
}

/** Prefills all but the last token of each prompt; the last is the first input of decoding. */
async function prefillPrompts(
  model: DecodingModel,
  prompts: readonly (readonly number[])[],
  { groupSize, signal }: GenerateSettings,
  cache: KvCache,
): Promise<void> {
  const longest = prompts.reduce((max, prompt) => Math.max(max, prompt.length - 1), 0);
  if (longest === 0) return;
  const width = lengthBucket(longest);
  const size = Math.max(1, Math.floor(PREFILL_TOKENS / width));
  for (let start = 0; start < prompts.length; start += size) {
    signal?.throwIfAborted();
    const part = prompts.slice(start, start + size).map((prompt) => prompt.slice(0, -1));
    const ids = new Int32Array(part.length * width);
    for (const [p, prompt] of part.entries()) ids.set(prompt, p * width);
    const lengths = Int32Array.from(part, (prompt) => prompt.length);
    const tensors = await model.prefill(
      { data: ids, shape: [part.length, width], dtype: 'int32' },
      { data: lengths, shape: [part.length], dtype: 'int32' },
    );
    for (const [p, prompt] of part.entries()) {
      const rows = Array.from({ length: groupSize }, (_, g) => (start + p) * groupSize + g);
      cache.fill(rows, tensors, p, prompt.length);
    }
  }
}

/** Chooses a row's next token and says whether it was the last. */
function extend(
  row: Row,
  { probabilities, topLogit }: { readonly probabilities: Float32Array; readonly topLogit: number },
  settings: GenerateSettings,
): void {
  const { temperature, repetitionPenalty: penalty = 1 } = settings;
  const previousIds = new Set(penalty === 1 ? [] : [...row.prompt, ...row.tokenIds]);
  const topProbability = penalty === 1 ? 1 : probabilities[argmax(probabilities)]!;
  const weights = penaliseRepetition(probabilities, { penalty, topLogit, topProbability, previousIds });
  const token = temperature === 0 ? argmax(weights) : drawToken(weights, settings, row.stream.next());
  row.tokenIds.push(token);
  row.logprobs.push(Math.log(probabilities[token]!));
  if (settings.eosTokenIds.includes(token)) row.finishReason = 'eos';
  else if (row.stops?.(token)) row.finishReason = 'stop';
  else if (row.tokenIds.length >= row.room) row.finishReason = 'length';
}

function finished({ tokenIds, logprobs, finishReason = 'length' }: Row): GeneratedTokens {
  return { tokenIds, logprobs, finishReason };
}
