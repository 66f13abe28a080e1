import { z } from 'zod';
import { clipBounds, clipRange } from '../../terms/clipped.ts';
import { dualClipped } from '../../terms/dual-clipped.ts';
import { aggregation } from '../../terms/options.ts';
import { defineLoss, type PolicyTerms } from '../../terms/types.ts';
import { clampedLogRatio, verlMetrics } from '../../terms/verl-metrics.ts';

/** What the losses below share: PPO's clip with a dual clip, on log-ratios within ±20. */
const vanilla = {
  surrogate(terms: PolicyTerms, { dualClip }: { readonly dualClip: number }) {
    const result = dualClipped(terms, clampedLogRatio(terms.logRatio), dualClip);
    return { tokenLoss: result.tokenLoss, metrics: verlMetrics(terms, result) };
  },
  hyper: (options: { readonly clipEpsilon: number; readonly dualClip: number }) => ({
    ...clipBounds(options),
    dualClip: options.dualClip,
  }),
};

const dualClip = (cap: number) => ({
  dualClip: z.number().gt(1).default(cap).describe('cap of the loss where the advantage is negative'),
});

const vanillaOptions = { ...clipRange(0.2), ...dualClip(3), ...aggregation('token-mean') };

/** verl's `vanilla` policy loss: PPO's clip with dual clip (c = 3), averaged over tokens. */
export const verlPpo = defineLoss({
  ...vanilla,
  options: vanillaOptions,
  advantage: { estimator: 'gae' },
});

/** GRPO as verl runs it: the same loss, with other advantages. */
export const verlGrpo = defineLoss({
  ...vanilla,
  options: vanillaOptions,
  advantage: { estimator: 'grpo' },
});

/** DAPO's recipe for verl: clip-higher, and a dual clip that hardly ever acts. */
export const verlDapo = defineLoss({
  ...vanilla,
  options: { ...clipRange(0.2, 0.28), ...dualClip(10), ...aggregation('token-mean') },
  advantage: { estimator: 'grpo' },
});

/** verl's form of Dr. GRPO: no division by the std, token losses summed and divided by a constant. */
export const verlDrGrpo = defineLoss({
  ...vanilla,
  options: { ...clipRange(0.2), ...dualClip(3), ...aggregation('seq-mean-token-sum-norm') },
  advantage: { estimator: 'grpo', scaleRewards: 'none' },
});
