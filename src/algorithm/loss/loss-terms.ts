import { z } from 'zod';
import { nonNegative } from '../../options/ranges.ts';
import { klEstimatorNames } from '../kl/index.ts';

/** Options of what `policyLoss` adds to every loss: the KL term, the entropy bonus, the selections. */
export const lossTerms = {
  klCoef: nonNegative
    .default(0)
    .describe('coefficient of the KL estimate against the policy at step 0; 0 keeps no reference'),
  klEstimator: z
    .enum(klEstimatorNames)
    .describe(
      "how the KL is estimated (a `+` at the end takes k2's gradient); left out: k1 in the reward, k3 in the loss, low_var_kl in verl's loss",
    ),
  klBiasCorrection: z
    .boolean()
    .describe(
      "multiply the KL estimate by the ratio (TRL's use_bias_correction_kl); left out: true in TRL's loss, else false",
    ),
  entropyCoef: nonNegative
    .default(0)
    .describe('coefficient of the entropy bonus; with adaptiveEntropy the one to start with'),
  topEntropyQuantile: z
    .number()
    .gt(0)
    .max(1)
    .default(1)
    .describe('share of the tokens, those of highest entropy, that carry the policy loss'),
  offPolicyThreshold: nonNegative
    .optional()
    .describe(
      'drops completions of negative advantage whose log-prob fell by more than this (nats a token) since they were sampled',
    ),
};
export type LossTerms = z.output<z.ZodObject<typeof lossTerms>>;
