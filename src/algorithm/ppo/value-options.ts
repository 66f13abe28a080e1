import { z } from 'zod';
import { nonNegative, positive } from '../../options/ranges.ts';

/** Where a completion's score goes: on its last token, or one position past it unless the row ends there. */
export type ScorePlacement = 'last-token' | 'past-last';

/** Options of `algorithm` of a value function: TRL's coefficients, and each peer's place of the score. */
export const valueOptions = (scorePlacement: ScorePlacement) => ({
  valueCoef: nonNegative.default(0.1).describe('weight of the value loss beside the policy loss'),
  valueClip: positive
    .default(0.2)
    .describe('how far a value may move from the one recorded before its loss is the clipped one'),
  detachValueHead: z
    .boolean()
    .default(false)
    .describe('the value loss trains the head alone, nothing below it'),
  scorePlacement: z
    .enum(['last-token', 'past-last'])
    .default(scorePlacement)
    .describe("where a completion's score goes: on its last token (verl), or one position past it (TRL)"),
  whitenRewards: z.boolean().default(false).describe('divide token rewards by their std over the batch'),
});
