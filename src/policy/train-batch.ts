import { lossMask } from '../algorithm/completions.ts';
import { InputError } from '../errors.ts';
import { checkPositions } from '../model/check-positions.ts';
import type { Sequences } from '../model/packed-rows.ts';
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
  return groups.map(({ promptIds, rollouts, advantages, tokenAdvantages, refLogprobs, oldLogprobs }) => {
    const lengths = rollouts.map(({ tokenIds }) => tokenIds.length);
    const truncated = rollouts.map(({ finishReason }) => finishReason === 'length');
    const masks = lossMask({ lengths, truncated }, maskTruncated);
    return {
      prompt: promptIds,
      completions: rollouts.map(({ tokenIds }) => tokenIds),
      rows: rollouts.map(({ logprobs }, g) => ({
        mask: masks[g]!,
        advantage: tokenAdvantages ? tokenAdvantages[g]! : advantages[g]!,
        oldLogprobs: oldLogprobs ? oldLogprobs[g]! : logprobs,
        ...(oldLogprobs && { samplingLogprobs: logprobs }),
        ...(refLogprobs && { refLogprobs: refLogprobs[g]! }),
      })),
    };
  });
}

/**
 * Prompts and the texts taught after them as training sequences; the text is followed by the token that ends a turn.
 * @throws InputError for a target or prompt without tokens, or both longer than the model has positions.
 */
export function exampleSequences(
  examples: readonly Example[],
  { tokenizer, endId, maxPromptLength, positions }: ExampleOptions,
): UnweightedSequences[] {
  return examples.map(({ task, messages, target }) => {
    const ids = tokenizer.encode(target, { addSpecialTokens: false });
    if (ids.length === 0)
      throw new InputError(`task ${task.id}: its target ${JSON.stringify(target)} has no tokens`);
    const completion = [...ids, endId];
    const prompt = tokenizer.encodeChat(messages).slice(-maxPromptLength);
    checkPositions(`the prompt of task ${task.id}`, prompt.length, positions);
    checkPositions(
      `task ${task.id}, its prompt and target together,`,
      prompt.length + completion.length,
      positions,
    );
    return {
      prompt,
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
  /** Positions that the model has. */
  readonly positions: number;
}

/** Gives every row more numbers, by the row's place in the batch. */
export function extended<R, E>(
  groups: readonly (Sequences & { readonly rows: readonly R[] })[],
  more: (b: number) => E,
): (Sequences & { readonly rows: readonly (R & E)[] })[] {
  let next = 0;
  return groups.map((group) => ({ ...group, rows: group.rows.map((row) => ({ ...row, ...more(next++) })) }));
}

/** The rows of a batch, whatever their group. */
export const rowsOf = <R>(groups: readonly { readonly rows: readonly R[] }[]): R[] =>
  groups.flatMap(({ rows }) => rows);

/** Whether a group can contribute a gradient through its advantages. */
export const hasAdvantage = (group: UnweightedSequences): boolean =>
  group.rows.some(({ advantage, mask }) =>
    Array.from(mask).some(
      (m, t) => m !== 0 && (typeof advantage === 'number' ? advantage : advantage[t]) !== 0,
    ),
  );
