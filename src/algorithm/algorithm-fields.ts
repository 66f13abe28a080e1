import { z } from 'zod';
import { nonNegative, positive, positiveInt } from '../options/ranges.ts';
import { adaptiveEntropy } from './entropy-controller.ts';
import { samplerCorrection } from './importance-correction.ts';
import { klControl } from './kl/controller.ts';
import { lossTerms } from './loss/loss-terms.ts';

/** Options of `algorithm` that every algorithm reads, whatever its loss and its advantages. */
export const algorithmFields = {
  rewardAggregation: z
    .enum(['sum', 'normalise-then-sum'])
    .default('sum')
    .describe(
      'several rewards: their weighted `sum` is compared, or each is normalised by itself and then summed',
    ),
  missingEosPenalty: nonNegative
    .default(0)
    .describe('subtracted from the reward of a completion that hit the token limit'),

  ...lossTerms,
  klIn: z
    .enum(['loss', 'reward'])
    .describe(
      "the KL is a term of the loss, or a penalty in each token's reward; left out: `reward` with gae, else `loss`",
    ),
  klControl: klControl
    .default({ type: 'fixed' })
    .describe(
      '`{ type: adaptive, target, horizon }` moves klCoef so that the KL measured stays near the target',
    ),
  adaptiveEntropy: adaptiveEntropy
    .optional()
    .describe(
      '`{ target, delta, min, max }`: raises entropyCoef by delta a step while entropy is at or below the target, else lowers it',
    ),

  maskTruncated: z
    .boolean()
    .default(false)
    .describe('leave completions that hit the token limit out of the loss, that of values too'),
  samplerCorrection: samplerCorrection
    .optional()
    .describe(
      '`{ mode, min, max }`: recomputes the log-probs of a batch before its first step and weighs by the ratio of trainer to sampler',
    ),

  numIterations: positiveInt.default(1).describe('passes over each rollout batch'),
  stepsPerGeneration: positiveInt
    .default(1)
    .describe('optimiser steps that a pass is split into, each on as many prompts'),
  shuffle: z
    .boolean()
    .describe(
      'each pass goes through the prompts in an order of its own; left out: true with gae, else false',
    ),
  targetKl: positive
    .optional()
    .describe("once approx_kl of a step exceeds this, the batch's other steps pass without an update"),
  annealPer: z
    .enum(['step', 'batch'])
    .default('step')
    .describe('β moves at every optimiser `step`, or is held over one rollout `batch`'),
  dynamicSampling: z
    .strictObject({ maxTries: positiveInt.describe('how often it samples at most') })
    .optional()
    .describe(
      '`{ maxTries }`: draws other prompts in place of those whose completions all got the same reward',
    ),
};
export type AlgorithmFields = z.output<z.ZodObject<typeof algorithmFields>>;
export type GivenFields = z.input<z.ZodObject<typeof algorithmFields>>;

/** Those of the fields whose default depends on the advantages and on the conventions. */
export function dependentDefaults({
  valued,
  verl,
  klIn = valued ? 'reward' : 'loss',
}: {
  readonly valued: boolean;
  readonly verl: boolean;
  readonly klIn?: 'loss' | 'reward' | undefined;
}): Pick<AlgorithmFields, 'klIn' | 'klEstimator' | 'klBiasCorrection' | 'shuffle'> {
  // Both peers penalise rewards by k1.
  if (klIn === 'reward') return { klIn, klEstimator: 'k1', klBiasCorrection: false, shuffle: valued };
  return { klIn, klEstimator: verl ? 'low_var_kl' : 'k3', klBiasCorrection: !verl, shuffle: valued };
}
