import type { HostTensor } from '../engine/engine.ts';
import { checkPositions } from './check-positions.ts';
import { lengthBucket } from './length-bucket.ts';
import type { ModelPrograms, ModelWeights } from './model-programs.ts';
import { packRows } from './packed-rows.ts';

/** Rows of token ids, [B, T], padded on either side. */
export interface TokenBatch {
  readonly inputIds: readonly (readonly number[])[];
  /** 1 at a token, 0 at padding, [B, T]. */
  readonly attentionMask: readonly (readonly number[])[];
  /** The columns whose logits are wanted, in [0, T); all when left out. Others cost no memory. */
  readonly columns?: readonly number[];
}

/**
 * Computes the logits of a batch, [B, T, V], or of its wanted columns. Padding is removed first, so that the tokens of a
 * row start at position 0. Each token's logits are returned at the token's place. At padding they are 0.
 */
export async function batchLogits(
  programs: ModelPrograms,
  weights: ModelWeights,
  { inputIds, attentionMask, columns }: TokenBatch,
): Promise<{ readonly data: Float32Array; readonly shape: readonly [number, number, number] }> {
  const vocab = programs.config.vocabSize;
  const places = attentionMask.map(tokenPlaces);
  checkRows(places, programs);
  const width = lengthBucket(Math.max(1, ...places.map(({ length }) => length)));
  const ids = new Int32Array(inputIds.length * width);
  for (const [b, place] of places.entries()) {
    ids.set(
      place.map((t) => inputIds[b]![t]!),
      b * width,
    );
  }
  const shown = columns ?? Array.from({ length: inputIds[0]?.length ?? 0 }, (_, t) => t);
  // For each wanted token its row of the output, and its place among the tokens.
  const found = places.flatMap((place, b) =>
    shown.flatMap((t, c) => {
      const i = place.indexOf(t);
      return i < 0 ? [] : [[b * shown.length + c, b * width + i] as const];
    }),
  );
  const batch: HostTensor = { data: ids, shape: [inputIds.length, width], dtype: 'int32' };
  const wanted = columns && indices(found.map(([, token]) => token));
  const data = (await programs.logits(weights, batch, wanted)).data as Float32Array;
  const out = new Float32Array(inputIds.length * shown.length * vocab);
  for (const [n, [row, token]] of found.entries()) {
    const from = (wanted ? n : token) * vocab;
    out.set(data.subarray(from, from + vocab), row * vocab);
  }
  return { data: out, shape: [inputIds.length, shown.length, vocab] };
}

/** Indices as a program input, of a length that few programs serve. */
function indices(values: readonly number[]): HostTensor {
  const data = new Int32Array(lengthBucket(values.length));
  data.set(values);
  return { data, shape: [data.length], dtype: 'int32' };
}

/**
 * Computes the log-prob (nats) of each token given those before it, [B, T−1]. It is 0 at padding and at a row's first
 * token.
 */
export async function batchLogprobs(
  programs: ModelPrograms,
  weights: ModelWeights,
  { inputIds, attentionMask }: TokenBatch,
): Promise<{ readonly data: Float32Array; readonly shape: readonly [number, number] }> {
  const places = attentionMask.map(tokenPlaces);
  checkRows(places, programs);
  const packed = packRows(
    places.map((place, b) => {
      const [first = 0, ...rest] = place.map((t) => inputIds[b]![t]!);
      return { prompt: [first], completions: [rest] };
    }),
  );
  const { logprobs } = await programs.logprobs(weights, packed, 1);
  const width = Math.max(0, (inputIds[0]?.length ?? 0) - 1);
  const out = new Float32Array(inputIds.length * width);
  for (const [b, place] of places.entries()) {
    for (const [i, t] of place.slice(1).entries())
      out[b * width + t - 1] = logprobs.data[b * packed.width + i]!;
  }
  return { data: out, shape: [inputIds.length, width] };
}

/** Checks the lengths of rows. @throws InputError for a row with more tokens than the model has positions. */
function checkRows(places: readonly (readonly number[])[], { config }: ModelPrograms): void {
  for (const [b, { length }] of places.entries())
    checkPositions(`row ${b}`, Math.max(1, length), config.maxPositionEmbeddings);
}

/** Returns the indices of a row's tokens. */
const tokenPlaces = (mask: readonly number[]): number[] => mask.flatMap((m, t) => (m === 0 ? [] : [t]));
