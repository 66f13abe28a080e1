import { lengthBucket } from '../model/length-bucket.ts';
import type { ModelPrograms, ModelWeights } from '../model/model-programs.ts';
import type { TokenBatch } from './policy.ts';

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
  const places = attentionMask.map((mask) => mask.flatMap((m, t) => (m === 0 ? [] : [t])));
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
