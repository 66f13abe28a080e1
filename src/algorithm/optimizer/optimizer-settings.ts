import { z } from 'zod';
import { fraction, nonNegative, positiveInt } from '../../options/ranges.ts';

/** `optimizer` of a recipe: AdamW and its learning rate. */
export const optimizer = z.strictObject({
  lr: z.number().positive(),
  lrSchedule: z.enum(['constant', 'linear', 'cosine']).default('constant'),
  warmupSteps: z.int().nonnegative().default(0),
  betas: z.tuple([fraction, fraction]).default([0.9, 0.999]),
  eps: z.number().positive().default(1e-8),
  weightDecay: nonNegative.default(0),
  /** Gradients are scaled down to this global norm; 0 turns clipping off. */
  maxGradNorm: nonNegative.default(1),
  /** Sequences per forward/backward; the gradients of a batch's micro-batches add up exactly. */
  microBatchSize: positiveInt.default(32),
});
