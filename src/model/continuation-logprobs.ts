import type { ModelPrograms, ModelWeights } from './model-programs.ts';
import { packRows, type Sequences } from './packed-rows.ts';

/**
 * Computes the log-prob (nats) of each token of given texts after their prompts, [P][G][T]. A prompt is forwarded once
 * for its G texts.
 * @param size texts that are forwarded at once, at most, unless those of one prompt are more: memory, not results.
 */
export async function continuationLogprobs(
  programs: ModelPrograms,
  weights: ModelWeights,
  { sequences, size }: { readonly sequences: readonly Sequences[]; readonly size: number },
): Promise<number[][][]> {
  const scored: number[][][] = [];
  for (const chunk of forwardedAtOnce(sequences, ({ completions }) => completions.length, size)) {
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

/**
 * Cuts texts by their prompts into what is forwarded at once: prompts of equally many texts, of at most `size` texts
 * unless those of one prompt are more.
 */
export function forwardedAtOnce<T>(items: readonly T[], textsOf: (item: T) => number, size: number): T[][] {
  const out: T[][] = [];
  for (const each of items) {
    const current = out.at(-1);
    const texts = textsOf(each);
    const fits = current && textsOf(current[0]!) === texts && (current.length + 1) * texts <= size;
    if (fits) current.push(each);
    else out.push([each]);
  }
  return out;
}
