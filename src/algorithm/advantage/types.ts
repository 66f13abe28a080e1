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
  /** 1 where a value counts, [B][T]: the mask's positions, and maybe one past a completion's last token; the mask when left out. */
  readonly valueMask?: Rows | undefined;
  /** Reward of the greedy completion of each row's prompt, [B]. */
  readonly baselines?: ArrayLike<number> | undefined;
}

/** Settings of the estimators; each reads only its own. */
export interface AdvantageOptions {
  /** grpo, grpo_passk: what the centred reward is divided by. */
  readonly scaleRewards?: ScaleRewards | undefined;
  /** Whose conventions to follow where they differ; TRL's when left out. */
  readonly compat?: 'trl' | 'verl' | undefined;
  /** Added to the std; 1e-4 in TRL's convention, 1e-6 in verl's. */
  readonly eps?: number | undefined;
  /** gae, reinforce_plus_plus: discount of later rewards. */
  readonly gamma?: number | undefined;
  /** gae: λ. */
  readonly lambda?: number | undefined;
  /** gpg: divisor of the centred reward. */
  readonly norm?: number | undefined;
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

export type AdvantageEstimator = (batch: AdvantageBatch, options: AdvantageOptions) => Advantages;
