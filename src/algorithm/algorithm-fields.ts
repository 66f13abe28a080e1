import { z } from 'zod';
import { fraction, nonNegative, positive, positiveInt } from '../options/ranges.ts';
import { advantageEstimators, type EstimatorName } from './advantage/index.ts';
import { importanceModes } from './importance-correction.ts';
import { klEstimators } from './kl/index.ts';
import { type LossName, losses } from './loss/index.ts';
import { aggregations } from './statistics/aggregation.ts';

const namesOf = <T extends string>(map: Readonly<Record<T, unknown>>) => Object.keys(map) as [T, ...T[]];

/** normalize_then_sum is rewardAggregation's. */
const estimatorNames = namesOf(advantageEstimators).filter((name) => name !== 'normalize_then_sum') as [
  Exclude<EstimatorName, 'normalize_then_sum'>,
];
const klNames = namesOf(klEstimators).flatMap((name) => [name, `${name}+`]);

/** The weight w^k·e^(λ(1 − w)) of vespo. */
const gammaWeight = z.strictObject({ k: nonNegative, lambda: nonNegative });

export const algorithmFields = z.strictObject({
  /** The policy loss. It decides which of the options below may be given, what they are otherwise, and the advantages. */
  name: z.enum(namesOf<LossName>(losses)).default('grpo'),
  /** Whose conventions to follow where TRL and verl differ. */
  compat: z.enum(['trl', 'verl']).default('trl'),

  advantage: z
    .strictObject({
      /** What a completion's reward is compared with; the algorithm's own when left out. */
      estimator: z.enum(estimatorNames).optional(),
      /** Added to the std that rewards are divided by. */
      eps: positive.optional(),
      /** gae, reinforce_plus_plus: discount of later rewards. */
      gamma: fraction.optional(),
      /** gae: λ, how far advantages look past the next value. */
      lambda: fraction.optional(),
      /** gpg: divisor of the centred reward. */
      norm: positive.optional(),
    })
    .prefault({}),
  /** What the centred reward is divided by: the group's std, the batch's, or nothing. */
  scaleRewards: z.enum(['group', 'batch', 'none']).optional(),
  /** Several rewards: their weighted sum is compared, or each is compared by itself and the sum of that normalised. */
  rewardAggregation: z.enum(['sum', 'normalise-then-sum']).default('sum'),

  /** The ratio may fall to 1 − clipEpsilon and rise to 1 + clipEpsilonHigh, which is clipEpsilon when left out. */
  clipEpsilon: fraction.optional(),
  clipEpsilonHigh: nonNegative.optional(),
  /** Upper bound of the ratio in the branch that is not clipped. */
  delta: positive.optional(),
  /** One ratio a token, or one a completion. */
  importanceLevel: z.enum(['token', 'sequence']).optional(),
  /** How token losses become one number; the algorithm's own when left out. */
  aggregation: z.enum(aggregations).optional(),
  /** cispo: upper bound of the weight. */
  ratioMax: positive.optional(),
  /** ppo, and grpo, dapo and dr_grpo as verl has them: cap of the loss where the advantage is negative. */
  dualClip: z.number().gt(1).optional(),
  /** sapo: steepness of the gate where the advantage is positive, and elsewhere. */
  sapoTemperaturePositive: positive.optional(),
  sapoTemperatureNegative: positive.optional(),
  vespoPositive: gammaWeight.optional(),
  vespoNegative: gammaWeight.optional(),
  /** kl_cov: weight of |log-ratio| on the selected tokens. */
  klCovCoef: nonNegative.optional(),
  /** clip_cov, kl_cov: the share of tokens to select by covariance, for clip_cov from those between the bounds. */
  covariance: z
    .strictObject({ share: fraction, lower: z.number().optional(), upper: z.number().optional() })
    .optional(),

  /** gae: weight of the value loss beside the policy loss. */
  valueCoef: nonNegative.optional(),
  /** gae: a value may move this far from what it was when the batch was sampled before its loss counts as the worse of the two. */
  valueClip: positive.optional(),
  /** gae: train the value head alone by the value loss, nothing below it. */
  detachValueHead: z.boolean().optional(),
  /** gae: where a completion's score goes, on its last token (verl) or one position past it (TRL). */
  scorePlacement: z.enum(['last-token', 'past-last']).optional(),
  /** gae: divide token rewards by their std over the batch. */
  whitenRewards: z.boolean().optional(),
  /** Subtracted from the reward of a completion that hit the token limit. */
  missingEosPenalty: nonNegative.default(0),

  /** Coefficient of the KL estimate against the reference policy; 0 keeps no reference. */
  klCoef: nonNegative.default(0),
  /** The KL is a term of the loss, or a penalty in each token's reward; left out: in the reward with gae, else in the loss. */
  klIn: z.enum(['loss', 'reward']).optional(),
  klEstimator: z.enum(klNames).optional(),
  /** TRL's `use_bias_correction_kl`: multiply the KL estimate by the ratio. */
  klBiasCorrection: z.boolean().optional(),
  /** Adaptive: klCoef moves so that the KL measured stays near `target` (nats a token), over `horizon` completions. */
  klControl: z
    .discriminatedUnion('type', [
      z.strictObject({ type: z.literal('fixed') }),
      z.strictObject({ type: z.literal('adaptive'), target: positive, horizon: positiveInt }),
    ])
    .default({ type: 'fixed' }),
  /** Coefficient of the entropy bonus; with adaptiveEntropy the one to start with. */
  entropyCoef: nonNegative.default(0),
  /** Raises entropyCoef by `delta` a step while entropy (nats a token) is at or below `target`, else lowers it; the bonus acts below the target only. */
  adaptiveEntropy: z
    .strictObject({
      target: nonNegative,
      delta: positive.default(0.005),
      min: nonNegative.default(0),
      max: positive.default(1),
    })
    .optional(),

  /** Share of the tokens, those of highest entropy, that carry the policy loss. */
  topEntropyQuantile: z.number().gt(0).max(1).default(1),
  /** Drops completions with negative advantage whose log-prob fell by more than this (nats a token) since they were sampled. */
  offPolicyThreshold: nonNegative.optional(),
  /** Drop completions that hit the token limit from the loss. */
  maskTruncated: z.boolean().default(false),
  /** Recomputes the log-probs of a batch before its first step and weighs tokens, or completions, by old/sampled. */
  samplerCorrection: z
    .strictObject({
      mode: z.enum(importanceModes).default('sequence_mask'),
      min: nonNegative.optional(),
      max: positive.default(3),
    })
    .optional(),

  /** Passes over each rollout batch. */
  numIterations: positiveInt.default(1),
  /** Optimiser steps that a pass is split into, each on promptsPerStep/stepsPerGeneration of the prompts. */
  stepsPerGeneration: positiveInt.default(1),
  /** Whether each pass goes through the prompts in an order of its own; left out: with gae. */
  shuffle: z.boolean().optional(),
  /** Once approx_kl of a step exceeds this, the batch's other steps pass without an update. */
  targetKl: positive.optional(),
  /** β moves at every optimiser step, or is held over one rollout batch. */
  annealPer: z.enum(['step', 'batch']).default('step'),
  /** Draws other prompts in place of those whose completions all got the same reward, sampling `maxTries` times at most. */
  dynamicSampling: z.strictObject({ maxTries: positiveInt }).optional(),
});

/** The fields of `algorithm` as they were given. */
export type GivenAlgorithm = z.output<typeof algorithmFields>;
