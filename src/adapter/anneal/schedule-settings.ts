import { z } from 'zod';
import { fraction, positive, positiveInt } from '../../options/ranges.ts';

/** Fields that one kind alone reads. */
const ofKind = { rate: 'exponential', drops: 'step', signal: 'adaptive', slack: 'adaptive' } as const;

/** How β goes from 1 to 0; only afa-lora anneals. src/adapter/schedule has a file a kind. */
export const schedule = z
  .strictObject({
    kind: z.enum(['linear', 'cosine', 'exponential', 'step', 'adaptive', 'zero']).default('linear'),
    /** Share of the optimiser steps over which β goes 1 → 0; for an adaptive one the longest that it may take. */
    fraction: fraction.default(0.3),
    /** Share of that during which β is held at 1 first. */
    hold: z.number().min(0).lt(1).optional(),
    /** Share of the rest by which the last layer anneals later than the first; earlier when negative. */
    layerOffset: z.number().gt(-1).lt(1).optional(),
    /** exponential: how steeply β falls at first. */
    rate: positive.optional(),
    /** step: the number of drops. */
    drops: positiveInt.optional(),
    /** adaptive: what must not fall for β to go on. */
    signal: z.enum(['reward', 'gradNormVariance']).optional(),
    /** adaptive: share of the anneal that it may lag, or finish early. */
    slack: z.number().gt(0).lt(1).optional(),
    /** Greatest anneal_kl (nats a token) of one move of β: a move that would be greater is cut short, but for the last. */
    maxAnnealKl: positive.optional(),
  })
  .superRefine((given, context) => {
    for (const [name, kind] of Object.entries(ofKind) as [keyof typeof ofKind, string][]) {
      if (given[name] === undefined || given.kind === kind) continue;
      const message = `is read by the schedule ${kind} only, not by ${given.kind}`;
      context.addIssue({ code: 'custom', path: [name], message, input: given[name] });
    }
    if (given.kind === 'zero' || given.fraction === 0) {
      for (const name of ['hold', 'layerOffset', 'maxAnnealKl'] as const) {
        if (!given[name]) continue;
        const message = 'has nothing to act on: β is 0 throughout';
        context.addIssue({ code: 'custom', path: [name], message, input: given[name] });
      }
    }
    if (given.kind === 'step' && given.maxAnnealKl !== undefined) {
      const message = 'does not go with the schedule step, whose drops can only be taken whole';
      context.addIssue({ code: 'custom', path: ['maxAnnealKl'], message, input: given.maxAnnealKl });
    }
  });

export type ScheduleSettings = z.output<typeof schedule>;

/** What makes a schedule rest at β = 1 before it falls, if anything does. */
export function restAtOne({ kind, hold = 0 }: ScheduleSettings): 'hold' | 'kind' | undefined {
  if (hold > 0) return 'hold';
  return kind === 'step' ? 'kind' : undefined;
}
