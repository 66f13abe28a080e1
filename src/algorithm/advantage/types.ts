import type { Rows } from '../aggregation.ts';
import type { Scores } from '../rewards.ts';

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
  /** Reward of the greedy completion of each row's prompt, [B]. */
  readonly baselines?: ArrayLike<number> | undefined;
}

export interface Advantages {
  /** One a completion [B], or one a token [B][T]. */
  readonly advantages: Float32Array | Float32Array[];
  /** Targets of the value function, [B][T]. */
  readonly returns?: Float32Array[];
  /** Numbers to log. */
  readonly metrics: Record<string, number>;
}
