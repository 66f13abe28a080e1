import type { z } from 'zod';
import type { OptionsOf } from '../../options/options-of.ts';
import type { Rows } from '../statistics/aggregation.ts';

/** Scores of F reward functions for B completions, [F][B]; null where a function does not apply. */
export type Scores = readonly (readonly (number | null)[])[];

/** What an advantage estimator reads: a batch of B completions. Each estimator needs only some of it. */
export interface AdvantageBatch {
  /** Weighted reward of each completion, [B]; NaN where no reward applied. */
  readonly rewards: ArrayLike<number>;
  /** Which prompt each completion answers, [B]; completions of one prompt carry the same number. */
  readonly groups: ArrayLike<number>;
  /** Scores of every reward function and their weights, for estimators that combine them themselves. */
  readonly scores?: Scores | undefined;
  readonly weights?: readonly number[] | undefined;
  /** Loss mask, [B][T]. */
  readonly mask?: Rows | undefined;
  /** Reward of each token, [B][T]. */
  readonly tokenRewards?: Rows | undefined;
  /** Value estimate of each token, [B][T]. */
  readonly values?: Rows | undefined;
  /**
   * 1 where a value counts, [B][T]: the mask's positions, and maybe one past a completion's last token; the mask when
   * left out.
   */
  readonly valueMask?: Rows | undefined;
  /** Reward of the greedy completion of each row's prompt, [B]. */
  readonly baselines?: ArrayLike<number> | undefined;
}

/** std of the group, of the batch, or nothing. */
export type ScaleRewards = 'group' | 'batch' | 'none';

export interface Advantages {
  /** One a completion [B], or one a token [B][T]. */
  readonly advantages: Float32Array | Float32Array[];
  /** What the policy could have expected from each token on, [B][T]: targets of a value function. */
  readonly returns?: Float32Array[];
  /** Numbers to log. */
  readonly metrics: Record<string, number>;
}

/** A named estimator: the options that it owns, and its formula. A recipe may give it no other options. */
export interface AdvantageEstimator<
  O extends z.ZodRawShape = z.ZodRawShape,
  B extends z.ZodRawShape = z.ZodRawShape,
> {
  /** The options below `algorithm.advantage` that it reads. */
  readonly options: O;
  /** The options of `algorithm` itself that it reads. */
  readonly beside: B;
  /** It compares a completion with no other of its prompt, so a prompt may have one alone. */
  readonly alone?: boolean;
  estimate(batch: AdvantageBatch, options: OptionsOf<O> & OptionsOf<B>): Advantages;
}

type NoOptions = Record<never, z.ZodType>;

/** Identity with types: the options' schemas give `estimate` its types. */
export const defineEstimator = <O extends z.ZodRawShape = NoOptions, B extends z.ZodRawShape = NoOptions>({
  options = {} as O,
  beside = {} as B,
  ...rest
}: Omit<AdvantageEstimator<O, B>, 'options' | 'beside'> & {
  readonly options?: O;
  readonly beside?: B;
}): AdvantageEstimator<O, B> => ({ options, beside, ...rest });
