import { lossMask } from '../algorithm/completions.ts';
import { InputError } from '../errors.ts';
import { checkPositions } from '../model/check-positions.ts';
import type { Sequences } from '../model/packed-rows.ts';
import type { Tokenizer } from '../model/tokenizer/tokenizer.ts';
import type { Recipe } from '../recipe/recipe.ts';
import { ended } from '../rollout/ended.ts';
import { ownTokens } from '../rollout/own-tokens.ts';
import type { Group, ValueTargets } from '../types.ts';
import type { TrainSequences } from './micro-batches.ts';
import type { Example, TrainGroup } from './policy.ts';

/** Sequences without their weights in the loss, which depend on the whole batch. */
export type UnweightedSequences = Omit<TrainSequences, 'rows'> & {
  readonly rows: readonly Omit<TrainSequences['rows'][number], 'lossWeights' | 'valueWeights'>[];
};

/** Which rollouts' tokens train, and what by. */
export type SequenceSettings = Pick<Recipe['algorithm'], 'maskTruncated' | 'klIn'>;

/**
 * Scored rollouts as training sequences. Where the value function has a target past the last token the sequence is one
 * token longer, of which only the value counts.
 */
export function rolloutSequences(
  groups: readonly TrainGroup[],
  { maskTruncated, klIn }: SequenceSettings,
): UnweightedSequences[] {
  return groups.map((group) => {
    const { promptIds, rollouts, refLogprobs, oldLogprobs, valueTargets } = group;
    const lengths = rollouts.map(({ tokenIds }) => tokenIds.length);
    const truncated = rollouts.map((rollout) => !ended(rollout));
    const masks = lossMask({ lengths, truncated, ownTokens: rollouts.map(ownTokens) }, maskTruncated);
    const widened = (row: readonly number[], g: number) => padded(row, valueTargets?.[g]?.mask.length);
    return {
      prompt: promptIds,
      completions: rollouts.map(({ tokenIds }, g) => widened(tokenIds, g)),
      rows: rollouts.map(({ logprobs }, g) => ({
        mask: widened(masks[g]!, g),
        advantage: group.tokenAdvantages ? group.tokenAdvantages[g]! : group.advantages[g]!,
        oldLogprobs: widened(oldLogprobs ? oldLogprobs[g]! : logprobs, g),
        ...(oldLogprobs && { samplingLogprobs: widened(logprobs, g) }),
        ...(refLogprobs && klIn === 'loss' && { refLogprobs: widened(refLogprobs[g]!, g) }),
        ...(valueTargets && valueRows(valueTargets[g]!, maskTruncated && truncated[g]!)),
      })),
    };
  });
}

const padded = (row: readonly number[], length = row.length) => [
  ...row,
  ...Array<number>(length - row.length).fill(0),
];

const valueRows = ({ values, returns, mask }: ValueTargets, leftOut: boolean) => ({
  ...{ oldValues: values, returns, valueMask: leftOut ? mask.map(() => 0) : mask },
});

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

/** The token ids of groups, with masks of the policy's own tokens. */
export const textsOf = (groups: readonly Group[]) =>
  groups.map(({ promptIds, rollouts }) => ({
    prompt: promptIds,
    completions: rollouts.map(({ tokenIds }) => tokenIds),
    masks: rollouts.map(ownTokens),
  }));

/** Rows of numbers in the order of the rollouts, [B] → [groups][G]. */
export function rowsByGroup(groups: readonly Group[], rows: readonly ArrayLike<number>[]): number[][][] {
  let next = 0;
  return groups.map(({ rollouts }) => rollouts.map(() => Array.from(rows[next++]!)));
}

/** Tokens of prompts and completions. */
export const countTokens = (groups: readonly Sequences[]): number =>
  groups.reduce(
    (sum, { prompt, completions }) =>
      completions.reduce((all, { length }) => all + prompt.length + length, sum),
    0,
  );
