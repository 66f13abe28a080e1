import { z } from 'zod';
import { fraction, positive, positiveInt } from '../../options/ranges.ts';

/** Fields that only one kind reads, with that kind. */
const ofKind = { rate: 'exponential', drops: 'step', signal: 'adaptive', slack: 'adaptive' } as const;

/** How β falls from 1 to 0 with method afa-lora. src/adapter/anneal has one file for each kind. */
export const schedule = z
  .strictObject({
    kind: z.enum(['linear', 'cosine', 'exponential', 'step', 'adaptive', 'zero']).default('linear'),
    /** Share of the optimiser steps until β is 0. An adaptive schedule may get there earlier. */
    fraction: fraction.default(0.3),
    /** Share of the anneal during which β first stays at 1. */
    hold: z.number().min(0).lt(1).optional(),
    /** The last layer anneals this share of the rest later than the first, or earlier when it is negative. */
    layerOffset: z.number().gt(-1).lt(1).optional(),
    /** exponential: how steeply β falls at first. */
    rate: positive.optional(),
    /** step: the number of drops. */
    drops: positiveInt.optional(),
    /** adaptive: the signal. The anneal slows down while it falls. */
    signal: z.enum(['reward', 'gradNormVariance']).optional(),
    /** adaptive: share of the anneal that β may lag behind the linear schedule, or end before it. */
    slack: z.number().gt(0).lt(1).optional(),
    /** Largest anneal_kl (nats a token) of one move of β. A larger move is shortened, except at the horizon. */
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

/** Names the field that keeps β at 1 before it falls; undefined when β falls from the start. */
export function restAtOne({ kind, hold = 0 }: ScheduleSettings): 'hold' | 'kind' | undefined {
  if (hold > 0) return 'hold';
  return kind === 'step' ? 'kind' : undefined;
}
