import type { ModelPrograms, ModelWeights } from '../../model/model-programs.ts';
import { packedTexts } from '../batch/micro-batches.ts';
import type { TextRow } from '../batch/train-rows.ts';
import type { TokenMeasures } from '../batch/weigh-rows.ts';

export interface MeasureOptions {
  readonly programs: ModelPrograms;
  readonly weights: ModelWeights;
  readonly temperature: number;
  /** Rows that are forwarded at once. */
  readonly size: number;
  /** Is looked at before each forward pass. */
  readonly signal?: AbortSignal | undefined;
}

/** Log-probs and entropies of a whole batch's completion tokens: a forward pass in the micro-batches of the update. */
export async function measureTokens(
  rows: readonly TextRow[],
  { programs, weights, temperature, size, signal }: MeasureOptions,
): Promise<TokenMeasures> {
  const logprobs: Float32Array[] = [];
  const entropies: Float32Array[] = [];
  for (const { packed, completions } of packedTexts(rows, { size })) {
    signal?.throwIfAborted();
    const out = await programs.logprobs(weights, packed, temperature);
    for (let b = 0; b < completions; b++) {
      const start = b * packed.width;
      const end = start + rows[logprobs.length]!.tokenIds.length;
      logprobs.push((out.logprobs.data as Float32Array).slice(start, end));
      entropies.push((out.entropy.data as Float32Array).slice(start, end));
    }
  }
  return { logprobs, entropies };
}
