import type { ModelPrograms, ModelWeights } from '../model-programs.ts';
import { packRows, type Sequences } from '../packed-rows.ts';
import { bucketedCount, cutGroups, type ForwardLimits, type Piece } from './cut-groups.ts';

/**
 * Computes the log-prob (nats) of each token of given texts after their prompts, [P][G][T]. A prompt is forwarded once
 * for its G texts.
 * @param limits what is forwarded at once: memory, not results.
 * @throws the signal's reason when that is aborted.
 */
export async function continuationLogprobs(
  programs: ModelPrograms,
  weights: ModelWeights,
  {
    sequences,
    limits,
    signal,
  }: {
    readonly sequences: readonly Sequences[];
    readonly limits: ForwardLimits;
    readonly signal?: AbortSignal | undefined;
  },
): Promise<number[][][]> {
  const groups = sequences.map(({ prompt, completions }) => ({
    prefix: prompt.length - 1,
    rows: completions.map(({ length }) => length),
  }));
  const scored = sequences.map(({ completions }) => completions.map((): number[] => []));
  for (const pieces of cutGroups(groups, limits)) {
    signal?.throwIfAborted();
    const packed = packRows(packedPieces(sequences, pieces, limits));
    const { data } = (await programs.logprobs(weights, packed, 1)).logprobs;
    let row = 0;
    for (const { group, rows } of pieces) {
      for (const g of rows) {
        const start = packed.width * row++;
        const { length } = sequences[group]!.completions[g]!;
        scored[group]![g] = Array.from(data.subarray(start, start + length));
      }
    }
  }
  return scored;
}

/** The sequences of a micro-batch. Under a limit of tokens, blank ones bring their number to one of few. */
function packedPieces(
  sequences: readonly Sequences[],
  pieces: readonly Piece[],
  { tokens }: ForwardLimits,
): Sequences[] {
  const own = pieces.map(({ group, rows }) => {
    const { prompt, completions } = sequences[group]!;
    return { prompt, completions: rows.map((g) => completions[g]!) };
  });
  const missing = tokens === undefined ? 0 : bucketedCount(own.length) - own.length;
  const blank = { prompt: [0], completions: own[0]!.completions.map(() => [0]) };
  return [...own, ...Array<Sequences>(missing).fill(blank)];
}
