import { lossMask } from '../../algorithm/completions.ts';
import type { Recipe } from '../../recipe/recipe.ts';
import { completionMask } from '../../rollout/completion-mask.ts';
import { hasEnded } from '../../rollout/has-ended.ts';
import type { Rollout, ValueTargets } from '../../types.ts';
import type { TrainBatch } from './train-batch.ts';

/** A prompt and a completion of it as token ids. Rows of one group stand together and share their prompt. */
export interface TextRow {
  readonly group: number;
  readonly promptIds: readonly number[];
  readonly tokenIds: readonly number[];
}

/** A text to train on, with numbers for its T completion tokens. */
export interface TrainRow extends TextRow {
  /** 1 where a token is trained on, [T]. */
  readonly mask: readonly number[];
  /** One, or one a token: [T], or [T + 1] with a value function. */
  readonly advantage: number | readonly number[];
  /** Log-probs that the ratio is taken against, [T]. */
  readonly oldLogprobs?: readonly number[];
  /** Log-probs that the sampler recorded, where the ratio is taken against others, [T]. */
  readonly samplingLogprobs?: readonly number[];
  readonly refLogprobs?: readonly number[];
  /** The value function's targets, [T] or [T + 1]: one past the last token where a score stands there. */
  readonly oldValues?: readonly number[];
  readonly returns?: readonly number[];
  readonly valueMask?: readonly number[];
}

/** The settings that decide which tokens train, and which columns a row has. */
export type RowSettings = Pick<Recipe['algorithm'], 'maskTruncated' | 'klIn'>;

/** A batch as the rows that train, [B]. */
export function trainRows(batch: TrainBatch, { maskTruncated, klIn }: RowSettings): TrainRow[] {
  if (batch.objective === 'sft') {
    return batch.examples.map((example) => ({
      group: example.group,
      promptIds: example.promptIds,
      tokenIds: example.tokenIds,
      mask: completionMask(example),
      advantage: 0,
    }));
  }
  if (batch.objective === 'draft') return textsOf(batch.rollouts).map((text) => ({ ...text, advantage: 0 }));
  const { rollouts } = batch;
  const masks = lossMask(
    {
      lengths: rollouts.map(({ tokenIds }) => tokenIds.length),
      truncated: rollouts.map((rollout) => !hasEnded(rollout)),
      completionMask: rollouts.map(completionMask),
    },
    maskTruncated,
  );
  return rollouts.map((rollout, b) => {
    const { group, promptIds, tokenIds, logprobs, oldLogprobs, refLogprobs, valueTargets } = rollout;
    return {
      group,
      promptIds,
      tokenIds,
      mask: masks[b]!,
      advantage: rollout.tokenAdvantages ?? rollout.advantage,
      oldLogprobs: oldLogprobs ?? logprobs,
      ...(oldLogprobs && { samplingLogprobs: logprobs }),
      ...(refLogprobs && klIn === 'loss' && { refLogprobs }),
      ...(valueTargets && valueRows(valueTargets, maskTruncated && !hasEnded(rollout))),
    };
  });
}

const valueRows = ({ values, returns, mask }: ValueTargets, leftOut: boolean) => ({
  oldValues: values,
  returns,
  valueMask: leftOut ? mask.map(() => 0) : mask,
});

/** Texts that are forwarded and not trained on, with the mask of the tokens that count. */
export interface ScoredText extends TextRow {
  readonly mask: readonly number[];
}

/** The texts of rollouts, with the mask of the policy's own tokens. */
export const textsOf = (rollouts: readonly Rollout[]): ScoredText[] =>
  rollouts.map((rollout) => ({
    group: rollout.group,
    promptIds: rollout.promptIds,
    tokenIds: rollout.tokenIds,
    mask: completionMask(rollout),
  }));

/** Whether a row can have a gradient through its advantage. */
export const hasAdvantage = ({ advantage, mask }: TrainRow): boolean =>
  mask.some((m, t) => m !== 0 && (typeof advantage === 'number' ? advantage : advantage[t]) !== 0);
