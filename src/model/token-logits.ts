import { checkPositions } from './check-positions.ts';
import { lengthBucket } from './length-bucket.ts';
import type { ModelPrograms, ModelWeights } from './model-programs.ts';
import { packRows } from './packed-rows.ts';

/** Token ids by row, right-padded, with 1 where a token counts. */
export interface TokenBatch {
  readonly inputIds: readonly (readonly number[])[];
  readonly attentionMask: readonly (readonly number[])[];
}

/**
 * Logits [B, T, V] of rows that may be padded on either side (mask 0). Padding is stripped before the model sees a row, which starts
 * at position 0, and the row's logits are put back where its tokens stood; logits of padding are 0.
 */
export async function batchLogits(
  programs: ModelPrograms,
  weights: ModelWeights,
  { inputIds, attentionMask }: TokenBatch,
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
  const { data } = await programs.logits(weights, {
    data: ids,
    shape: [inputIds.length, width],
    dtype: 'int32',
  });
  const tokens = inputIds[0]?.length ?? 0;
  const out = new Float32Array(inputIds.length * tokens * vocab);
  for (const [b, place] of places.entries()) {
    for (const [i, t] of place.entries()) {
      const from = (b * width + i) * vocab;
      out.set((data as Float32Array).subarray(from, from + vocab), (b * tokens + t) * vocab);
    }
  }
  return { data: out, shape: [inputIds.length, tokens, vocab] };
}

/** Log-probs (nats) of each token given those before it, [B, T−1], rows padded on either side; 0 where there is none. */
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

/** @throws InputError for a row that is longer than the model has positions. */
function checkRows(places: readonly (readonly number[])[], { config }: ModelPrograms): void {
  for (const [b, { length }] of places.entries())
    checkPositions(`row ${b}`, Math.max(1, length), config.maxPositionEmbeddings);
}

/** Where a row's tokens stand. */
const tokenPlaces = (mask: readonly number[]): number[] => mask.flatMap((m, t) => (m === 0 ? [] : [t]));
