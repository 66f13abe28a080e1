import type { z } from 'zod';
import type { Named } from '../../../engine/engine.ts';
import type * as tf from '../../../engine/tfjs.ts';
import type { OptionsOf } from '../../../options/options-of.ts';
import type { RandomStream } from '../../../random.ts';
import type { EstimatorName } from '../../advantage/index.ts';
import type { ScaleRewards } from '../../advantage/types.ts';
import type { Aggregation, Rows } from '../../statistics/aggregation.ts';

/**
 * What a policy loss reads, as tensors of one micro-batch: B rows of T completion tokens, right-padded.
 * Where the mask is 0 the other tensors may hold any finite value.
 */
export interface LossInputs {
  /** log π(token) under the policy being trained, [B, T]; the loss is differentiated through it. */
  readonly logprobs: tf.Tensor;
  /** Entropy of the policy at each token (nats), [B, T]; needed for entropyCoef, topEntropyQuantile and the metric. */
  readonly entropies?: tf.Tensor | undefined;
  /** Log-probs that the ratio is taken against, [B, T]. Without them the ratio is 1. */
  readonly oldLogprobs?: tf.Tensor | undefined;
  /** log-probs under the reference policy, [B, T]; needed when klCoef ≠ 0. */
  readonly refLogprobs?: tf.Tensor | undefined;
  /** log-probs as the sampler itself reported them, [B, T]; the off-policy mask prefers them to oldLogprobs. */
  readonly samplingLogprobs?: tf.Tensor | undefined;
  /** 1 for the tokens that the loss's `select` chose (clip_cov, kl_cov), [B, T]. */
  readonly selected?: tf.Tensor | undefined;
  /** 1 for the tokens of high entropy (topEntropyQuantile), [B, T]; made from `entropies` when left out. */
  readonly highEntropy?: tf.Tensor | undefined;
  /** Importance weight between sampler and trainer, [B, T] or [B, 1]; multiplies the policy term, not the KL term. */
  readonly importanceRatio?: tf.Tensor | undefined;
  /** [B] or [B, T]. */
  readonly advantages: tf.Tensor;
  /** 1 where a token is trained on, [B, T]. */
  readonly mask: tf.Tensor;
  /** This micro-batch's rows of `BatchConstants.lossWeights`, [B, T]. */
  readonly lossWeights: tf.Tensor;
  /** `hyperParameters(config)` and `BatchConstants.scalars`, each as a scalar. */
  readonly hyper: Named<tf.Tensor>;
}

export interface LossResult {
  /** Scalar; sums over micro-batches to the loss of the optimiser batch. */
  readonly loss: tf.Tensor;
  /** Scalars, to be merged over micro-batches by `combineMetrics`. */
  readonly metrics: Record<string, tf.Tensor>;
}

/** One importance ratio a token, or one a sequence: exp of the masked mean log-ratio (GSPO). */
export type ImportanceLevel = 'token' | 'sequence';

/** The optimiser batch as the selection needs it, rows of equal lengths; advantages one a row or one a token. */
export interface CovarianceBatch {
  readonly logprobs: Rows;
  readonly oldLogprobs: Rows;
  readonly advantages: readonly (number | ArrayLike<number>)[];
  readonly mask: Rows;
}

/** What a surrogate sees: masked, broadcastable tensors. */
export interface PolicyTerms {
  readonly inputs: LossInputs;
  readonly mask: tf.Tensor;
  /** [B, 1] or [B, T]. */
  readonly advantages: tf.Tensor;
  /** log π/π_old, 0 outside the mask, [B, T]. */
  readonly logRatio: tf.Tensor;
  /** exp of logRatio [B, T], or of its masked row mean [B, 1], by level. */
  readonly ratio: tf.Tensor;
  readonly level: ImportanceLevel;
  readonly hyper: Named<tf.Tensor>;
}

/** The policy term of each token, [B, T], or [B, 1] to be shared by a row's tokens; and metrics of it. */
export interface SurrogateResult {
  readonly tokenLoss: tf.Tensor;
  readonly metrics: Record<string, tf.Tensor>;
}

/** A named loss: the options that it owns, its policy term, and how token losses are summed. */
export interface LossDefinition<O extends z.ZodRawShape = z.ZodRawShape> {
  /**
   * The options that this loss reads: each with its range, its default and a line for the docs. A recipe may give no
   * other.
   */
  readonly options: O;
  surrogate(terms: PolicyTerms, options: OptionsOf<O>): SurrogateResult;
  /** The numbers that the surrogate finds in `terms.hyper`; the options that are numbers, by name, when left out. */
  hyper?(options: OptionsOf<O>): Record<string, number>;
  /** Chooses `LossInputs.selected` from the whole optimiser batch. */
  select?(batch: CovarianceBatch, options: OptionsOf<O>, random: RandomStream): Float32Array[];
  /** The advantage estimator that it goes with, and what that divides by when not by the group's std. */
  readonly advantage: { readonly estimator: EstimatorName; readonly scaleRewards?: ScaleRewards };
  /** The only aggregation that the loss is defined with; without it `aggregation` is one of its options. */
  readonly aggregation?: Aggregation;
  /** The only level of ratio that the loss is defined for; without it the option importanceLevel, or else `token`. */
  readonly level?: ImportanceLevel;
  /** Rows that count in means over sequences when not all do (verl leaves out rows without a token). */
  readonly rows?: 'all' | 'non-empty';
  /** The surrogate takes the importance ratio into itself, so it is not multiplied in again. */
  readonly ownsImportanceRatio?: boolean;
  /** The surrogate has a gradient where the advantage is 0, too. */
  readonly pullsWithoutAdvantage?: boolean;
}

/** Identity with types: the options' schemas give the surrogate its types. */
export const defineLoss = <O extends z.ZodRawShape>(loss: LossDefinition<O>): LossDefinition<O> => loss;
