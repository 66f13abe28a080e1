import { lossMask } from '../algorithm/completions.ts';
import type { LossBatch } from '../algorithm/loss/batch-constants.ts';
import { InputError } from '../errors.ts';
import type { Tokenizer } from '../model/tokenizer.ts';
import type { TrainSequences } from './micro-batches.ts';
import type { Example, TrainGroup } from './policy.ts';

/** Sequences without their weights in the loss, which depend on the whole batch. */
export type UnweightedSequences = Omit<TrainSequences, 'rows'> & {
  readonly rows: readonly Omit<TrainSequences['rows'][number], 'lossWeights'>[];
};

/** Scored rollouts as training sequences. */
export function rolloutSequences(
  groups: readonly TrainGroup[],
  { maskTruncated }: { readonly maskTruncated: boolean },
): UnweightedSequences[] {
  return groups.map(({ promptIds, rollouts, advantages, refLogprobs }) => {
    const lengths = rollouts.map(({ tokenIds }) => tokenIds.length);
    const truncated = rollouts.map(({ finishReason }) => finishReason === 'length');
    const masks = lossMask({ lengths, truncated }, maskTruncated);
    return {
      prompt: promptIds,
      completions: rollouts.map(({ tokenIds }) => tokenIds),
      rows: rollouts.map(({ logprobs }, g) => ({
        mask: masks[g]!,
        advantage: advantages[g]!,
        oldLogprobs: logprobs,
        ...(refLogprobs && { refLogprobs: refLogprobs[g]! }),
      })),
    };
  });
}

/**
 * Prompts and the texts taught after them as training sequences; the text is followed by the token that ends a turn.
 * @throws InputError for a target without tokens.
 */
export function exampleSequences(
  examples: readonly Example[],
  { tokenizer, endId, maxPromptLength }: ExampleOptions,
): UnweightedSequences[] {
  return examples.map(({ task, messages, target }) => {
    const ids = tokenizer.encode(target, { addSpecialTokens: false });
    if (ids.length === 0)
      throw new InputError(`task ${task.id}: its target ${JSON.stringify(target)} has no tokens`);
    const completion = [...ids, endId];
    return {
      prompt: tokenizer.encodeChat(messages).slice(-maxPromptLength),
      completions: [completion],
      rows: [{ mask: completion.map(() => 1), advantage: 0 }],
    };
  });
}

export interface ExampleOptions {
  readonly tokenizer: Tokenizer;
  /** The token that ends an assistant's turn. */
  readonly endId: number;
  readonly maxPromptLength: number;
}

/** Gives every row its weights in the loss, in the order of the rows. */
export function weighted(
  groups: readonly UnweightedSequences[],
  lossWeights: readonly Float32Array[],
): TrainSequences[] {
  let next = 0;
  return groups.map((group) => ({
    ...group,
    rows: group.rows.map((row) => ({ ...row, lossWeights: lossWeights[next++]! })),
  }));
}

/** What the denominators of a batch's loss are made of. */
export const lossBatch = (groups: readonly UnweightedSequences[]): LossBatch => ({
  mask: groups.flatMap(({ rows }) => rows.map(({ mask }) => mask)),
});

/** Whether a group can contribute a gradient through its advantages. */
export const hasAdvantage = (group: UnweightedSequences): boolean =>
  group.rows.some(({ advantage, mask }) => advantage !== 0 && Array.from(mask).some((m) => m !== 0));
