import type { ModelPrograms, ModelWeights } from '../model/model-programs.ts';
import type { Sequences } from '../model/packed-rows.ts';
import { microBatches, unweighted } from './micro-batches.ts';

/** What the policy makes of every token of a batch, before the loss: rows as long as the completions, in their order. */
export interface TokenMeasures {
  readonly logprobs: readonly Float32Array[];
  /** nats */
  readonly entropies: readonly Float32Array[];
}

export interface MeasureOptions {
  readonly programs: ModelPrograms;
  readonly weights: ModelWeights;
  readonly temperature: number;
  /** Sequences that are forwarded at once. */
  readonly size: number;
}

/** Log-probs and entropies of a whole batch's completion tokens: a forward pass in the micro-batches of the update. */
export async function measureTokens(
  groups: readonly Sequences[],
  { programs, weights, temperature, size }: MeasureOptions,
): Promise<TokenMeasures> {
  const lengths = groups.flatMap(({ completions }) => completions.map((completion) => completion.length));
  const logprobs: Float32Array[] = [];
  const entropies: Float32Array[] = [];
  for (const { packed, completions } of microBatches(groups.map(unweighted), size)) {
    const out = await programs.logprobs(weights, packed, temperature);
    for (let b = 0; b < completions; b++) {
      const [start, length] = [b * packed.width, lengths[logprobs.length]!];
      logprobs.push((out.logprobs.data as Float32Array).slice(start, start + length));
      entropies.push((out.entropy.data as Float32Array).slice(start, start + length));
    }
  }
  return { logprobs, entropies };
}
