import type { ForwardLimits } from '../../model/batching/cut-groups.ts';
import type { ModelPrograms, ModelWeights } from '../../model/model-programs.ts';
import { packedTexts } from '../batch/micro-batches.ts';
import type { TextRow } from '../batch/train-rows.ts';
import type { TokenMeasures } from '../batch/weigh-rows.ts';

export interface MeasureOptions {
  readonly programs: ModelPrograms;
  readonly weights: ModelWeights;
  readonly temperature: number;
  /** What is forwarded at once. */
  readonly limits: ForwardLimits;
  /** Is looked at before each forward pass. */
  readonly signal?: AbortSignal | undefined;
}

/** Log-probs and entropies of a whole batch's completion tokens: a forward pass in the micro-batches of the update. */
export async function measureTokens(
  rows: readonly TextRow[],
  { programs, weights, temperature, limits, signal }: MeasureOptions,
): Promise<TokenMeasures> {
  const logprobs: Float32Array[] = Array(rows.length);
  const entropies: Float32Array[] = Array(rows.length);
  for (const { packed, members } of packedTexts(rows, { limits })) {
    signal?.throwIfAborted();
    const out = await programs.logprobs(weights, packed, temperature);
    for (const [b, row] of members.entries()) {
      const start = b * packed.width;
      const end = start + rows[row]!.tokenIds.length;
      logprobs[row] = (out.logprobs.data as Float32Array).slice(start, end);
      entropies[row] = (out.entropy.data as Float32Array).slice(start, end);
    }
  }
  return { logprobs, entropies };
}
