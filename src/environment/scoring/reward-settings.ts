import { z } from 'zod';
import type { RewardFunction } from '../../types.ts';

const isReward = (value: unknown): value is RewardFunction => typeof value === 'function';

/** `rewards` of a recipe: which functions score a completion, and what each weighs. */
export const rewards = z
  .array(
    z.strictObject({
      reward: z.custom<RewardFunction>(isReward, 'must be a function (batch) => (number | null)[]'),
      weight: z.number().default(1),
      /** Seconds that one call may take before it counts as failed. */
      timeout: z.number().positive().max(86_400).default(300),
    }),
  )
  .nonempty('needs at least one reward');

export type RewardSettings = z.output<typeof rewards>;
