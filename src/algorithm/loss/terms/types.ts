import type { Named } from '../../../engine/engine.ts';
import type * as tf from '../../../engine/tfjs.ts';
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
  /** log-probs recorded when the rollout was sampled, [B, T]; left out = detach(logprobs), so that the ratio is 1. */
  readonly oldLogprobs?: tf.Tensor | undefined;
  /** log-probs under the reference policy, [B, T]; needed when klCoef ≠ 0. */
  readonly refLogprobs?: tf.Tensor | undefined;
  /** log-probs as the sampler itself reported them, [B, T]; the off-policy mask prefers them to oldLogprobs. */
  readonly samplingLogprobs?: tf.Tensor | undefined;
  /** 1 for the tokens that `covarianceSelection` chose (clip_cov, kl_cov), [B, T]. */
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

/** The settings of a policy loss. Its numbers enter the graph as `hyperParameters`; the rest selects code. */
export interface LossConfig {
  readonly name: string;
  /** Needed by the losses that clip. */
  readonly clipEpsilon?: number | undefined;
  /** The same as clipEpsilon when left out. */
  readonly clipEpsilonHigh?: number | undefined;
  readonly klCoef: number;
  /** Name in `klEstimators`; k3 when left out. */
  readonly klEstimator?: string | undefined;
  /** Multiply the KL estimate by the ratio, as TRL does by default. */
  readonly klBiasCorrection: boolean;
  readonly importanceLevel?: ImportanceLevel | undefined;
  /** Upper bound of the unclipped branch's ratio (two-sided clipping); none when left out. */
  readonly delta?: number | undefined;
  /** Overrides the loss's own aggregation. */
  readonly aggregation?: Aggregation | undefined;
  readonly entropyCoef?: number | undefined;
  /** Share of the tokens, those of highest entropy, that carry the policy term (https://arxiv.org/abs/2506.01939). */
  readonly topEntropyQuantile?: number | undefined;
  /** A peer whose conventions to follow where they differ from ours, to the digit of its recorded calls. */
  readonly compat?: 'trl' | 'verl' | undefined;
  /** ppo: val/ratio and policy/approxkl_avg as TRL records them, over padding (ratio 1) too, not over the loss tokens alone. */
  readonly meansOverPadding?: boolean | undefined;
  /** ppo: for negative advantages the loss is capped at −dualClip·A; off when left out (verl: 3). */
  readonly dualClip?: number | undefined;
  /** kl_cov: weight of |log-ratio| on the selected tokens. */
  readonly klCovCoef?: number | undefined;
  /** clip_cov, kl_cov: which tokens are `selected` (see covariance-selection.ts). */
  readonly covariance?: CovarianceRange | undefined;
  /** cispo: upper bound of the detached ratio. */
  readonly ratioMax?: number | undefined;
  /** sapo: steepness of the soft gate for tokens with positive and with other advantages. */
  readonly sapoTemperaturePositive?: number | undefined;
  readonly sapoTemperatureNegative?: number | undefined;
  /** vespo: shape k and rate λ of the gamma weight, for advantages ≥ 0 and < 0. */
  readonly vespoPositive?: GammaWeight | undefined;
  readonly vespoNegative?: GammaWeight | undefined;
  /** Drop rows with negative advantage whose mean(sampled − current log-prob) exceeds this (DeepSeek-V3.2). */
  readonly offPolicyThreshold?: number | undefined;
}

interface GammaWeight {
  readonly k: number;
  readonly lambda: number;
}

/** Share of the batch's loss tokens to select; clip_cov draws them from those with a covariance between the bounds. */
export interface CovarianceRange {
  readonly share: number;
  readonly lower?: number | undefined;
  readonly upper?: number | undefined;
}

/** Settings that only some losses read; all others are read whatever the loss. */
export const lossOptions = [
  'clipEpsilon',
  'clipEpsilonHigh',
  'delta',
  'importanceLevel',
  'ratioMax',
  'dualClip',
  'sapoTemperaturePositive',
  'sapoTemperatureNegative',
  'vespoPositive',
  'vespoNegative',
  'klCovCoef',
  'covariance',
] as const;
export type LossOption = (typeof lossOptions)[number];

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

/** The policy term of each token: [B, T], or [B, 1] to be shared by a row's tokens. */
export type Surrogate = (
  terms: PolicyTerms,
  config: LossConfig,
) => { readonly tokenLoss: tf.Tensor; readonly metrics: Record<string, tf.Tensor> };

/** A named loss: its policy term and how token losses are summed. */
export interface LossDefinition {
  readonly surrogate: Surrogate;
  readonly aggregation: Aggregation;
  /** Those of `lossOptions` that this loss reads, with what they are when not given; undefined: off. */
  readonly options: Readonly<Partial<Pick<LossConfig, LossOption>>>;
  /** The advantage estimator that it goes with, and what that divides by when not by the group's std. */
  readonly advantage: { readonly estimator: EstimatorName; readonly scaleRewards?: ScaleRewards };
  /** Numbers of the configuration that the surrogate reads as hyper-parameters. */
  readonly hyper: (config: LossConfig) => Record<string, number>;
  /** The loss is defined for one level of ratio only, whatever is configured. */
  readonly level?: ImportanceLevel;
  /** The loss is defined with its own aggregation only, whatever is configured. */
  readonly fixedAggregation?: boolean;
  /** TRL divides it by the tokens of its whole generation batch, not by its accumulation steps (compat: 'trl'). */
  readonly trlGlobalTokens?: boolean;
  /** Rows that count in means over sequences when not all do (verl leaves out rows without a token). */
  readonly rows?: 'all' | 'non-empty';
  /** The surrogate takes the importance ratio into itself, so it is not multiplied in again. */
  readonly ownsImportanceRatio?: boolean;
  /** The surrogate has a gradient where the advantage is 0, too. */
  readonly pullsWithoutAdvantage?: boolean;
  /** Chooses `LossInputs.selected` from the whole optimiser batch. */
  readonly select?: (batch: CovarianceBatch, config: LossConfig, random: RandomStream) => Float32Array[];
}
