import type { ModelPrograms, ModelWeights } from './model-programs.ts';
import { packRows, type Sequences } from './packed-rows.ts';

/**
 * Computes the log-prob (nats) of each token of given texts after their prompts, [P][G][T]. A prompt is forwarded once
 * for its G texts.
 * @param size texts that are forwarded at once, at most, unless those of one prompt are more: memory, not results.
 * @throws the signal's reason when that is aborted.
 */
export async function continuationLogprobs(
  programs: ModelPrograms,
  weights: ModelWeights,
  {
    sequences,
    size,
    signal,
  }: {
    readonly sequences: readonly Sequences[];
    readonly size: number;
    readonly signal?: AbortSignal | undefined;
  },
): Promise<number[][][]> {
  const scored: number[][][] = [];
  for (const chunk of chunks(sequences, size)) {
    signal?.throwIfAborted();
    const packed = packRows(chunk);
    const { data } = (await programs.logprobs(weights, packed, 1)).logprobs;
    let row = 0;
    for (const { completions } of chunk) {
      scored.push(
        completions.map(({ length }) => {
          const start = packed.width * row++;
          return Array.from(data.subarray(start, start + length));
        }),
      );
    }
  }
  return scored;
}

/** Cuts sequences into runs of equal G, of at most `size` texts each. */
function chunks(sequences: readonly Sequences[], size: number): Sequences[][] {
  const out: Sequences[][] = [];
  for (const each of sequences) {
    const current = out.at(-1);
    const texts = each.completions.length;
    const fits = current?.[0]?.completions.length === texts && (current.length + 1) * texts <= size;
    if (fits) current.push(each);
    else out.push([each]);
  }
  return out;
}
