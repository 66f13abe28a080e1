import { z } from 'zod';

/** `algorithm.scaleRewards`, of the estimators that divide a centred reward by a std. */
export const scaleRewards = {
  scaleRewards: z
    .enum(['group', 'batch', 'none'])
    .default('group')
    .describe('what the centred reward is divided by: the std of the group, of the batch, or nothing'),
};
