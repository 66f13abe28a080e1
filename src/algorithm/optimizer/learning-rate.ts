import { z } from 'zod';
import type { GivenOptionsOf, OptionsOf } from '../../options/options-of.ts';
import { fraction, nonNegative, positive, positiveInt } from '../../options/ranges.ts';

/**
 * Learning-rate schedules of transformers.get_scheduler, under its names: pure functions of the optimiser step.
 * As there, the warm-up starts at rate 0 (the first step does nothing) and `cosine` rises again past the last step.
 * Departure: `constant` honours warmupSteps, so that it equals `constant_with_warmup`.
 */

/** A run as far as its learning rate goes. */
interface Span {
  /** Peak rate. */
  readonly lr: number;
  /** Steps of rise from 0 to the peak. */
  readonly warmupSteps: number;
  /** Optimiser steps of the run. */
  readonly steps: number;
}

interface Schedule<O extends z.ZodRawShape = z.ZodRawShape> {
  /** The options that it reads. */
  readonly options: O;
  /** Share of the peak rate at a step past the warm-up. */
  after(step: number, span: Span, options: OptionsOf<O>): number;
  /** Share of the peak rate in the warm-up, of which the share `rise` has passed; `rise` itself when left out. */
  warmUp?(rise: number, options: OptionsOf<O>): number;
}

const defineSchedule = <O extends z.ZodRawShape>(schedule: Schedule<O>): Schedule<O> => schedule;

const progress = (step: number, start: number, length: number) => (step - start) / Math.max(1, length);
const wave = (at: number, cycles: number) => 0.5 * (1 + Math.cos(Math.PI * cycles * 2 * at));
const above = (floor: number, share: number) => Math.max(0, share * (1 - floor) + floor);

const cycles = {
  cycles: positive.default(0.5).describe('cosine waves: 0.5 falls once, 1 falls and rises again'),
};
const shapes = z.enum(['linear', 'cosine', '1-sqrt']);

const constant = defineSchedule({ options: {}, after: () => 1 });

const cosineAt = (step: number, { warmupSteps, steps }: Span, waves: number) =>
  wave(progress(step, warmupSteps, steps - warmupSteps), waves);

export const schedules = {
  constant,
  constant_with_warmup: constant,
  linear: defineSchedule({
    options: {},
    after: (step, { warmupSteps, steps }) => Math.max(0, (steps - step) / Math.max(1, steps - warmupSteps)),
  }),
  cosine: defineSchedule({
    options: cycles,
    after: (step, span, options) => Math.max(0, cosineAt(step, span, options.cycles)),
  }),
  cosine_with_restarts: defineSchedule({
    options: {
      cycles: positiveInt.default(1).describe('cosine_with_restarts: how often the rate falls from its peak'),
    },
    after(step, { warmupSteps, steps }, options) {
      const at = progress(step, warmupSteps, steps - warmupSteps);
      return at >= 1 ? 0 : Math.max(0, wave((options.cycles * at) % 1, 0.5));
    },
  }),
  cosine_with_min_lr: defineSchedule({
    options: { ...cycles, minLrRatio: fraction.describe('least rate as a share of lr') },
    after: (step, span, options) => above(options.minLrRatio, cosineAt(step, span, options.cycles)),
  }),
  polynomial: defineSchedule({
    options: {
      endLr: nonNegative.default(1e-7).describe('rate at the end; below lr'),
      power: positive.default(1).describe('exponent of the share of steps left'),
    },
    after(step, { lr, warmupSteps, steps }, { endLr, power }) {
      if (step > steps) return endLr / lr;
      const left = 1 - (step - warmupSteps) / (steps - warmupSteps);
      return ((lr - endLr) * left ** power + endLr) / lr;
    },
  }),
  inverse_sqrt: defineSchedule({
    options: {
      timescale: positiveInt
        .optional()
        .describe(
          'steps after the warm-up in which the rate falls by √2; left out: warmupSteps, or 10000 without a warm-up',
        ),
    },
    after(step, { warmupSteps }, { timescale = warmupSteps || 10_000 }) {
      return 1 / Math.sqrt((step + timescale - warmupSteps) / timescale);
    },
  }),
  warmup_stable_decay: defineSchedule({
    options: {
      decaySteps: positiveInt.describe('steps of the fall at the end'),
      stableSteps: z
        .int()
        .nonnegative()
        .optional()
        .describe('steps at lr between warm-up and fall; left out: the rest of the run'),
      warmupType: shapes.default('linear').describe('shape of the warm-up: `linear`, `cosine`, `1-sqrt`'),
      decayType: shapes.default('cosine').describe('shape of the fall'),
      minLrRatio: fraction.default(0).describe('least rate as a share of lr'),
      ...cycles,
    },
    warmUp(rise, { warmupType, minLrRatio }) {
      const share = {
        linear: rise,
        cosine: 0.5 * (1 - Math.cos(Math.PI * rise)),
        '1-sqrt': 1 - Math.sqrt(1 - rise),
      };
      return above(minLrRatio, share[warmupType]);
    },
    after(step, { warmupSteps, steps }, { decaySteps, stableSteps, decayType, minLrRatio, cycles }) {
      const start = stableSteps === undefined ? steps - decaySteps : warmupSteps + stableSteps;
      if (step < start) return 1;
      if (step >= start + decaySteps) return minLrRatio;
      const at = progress(step, start, decaySteps);
      const share = { linear: 1 - at, cosine: wave(at, cycles), '1-sqrt': 1 - Math.sqrt(at) };
      return above(minLrRatio, share[decayType]);
    },
  }),
} satisfies Readonly<Record<string, Schedule>>;
export type ScheduleName = keyof typeof schedules;

type Own<S> = S extends Schedule<infer O> ? OptionsOf<O> : never;
type Given<S> = S extends Schedule<infer O> ? GivenOptionsOf<O> : never;

/** A schedule's name with its own options, parsed. */
export type NamedSchedule = {
  [N in ScheduleName]: { readonly lrSchedule: N } & Own<(typeof schedules)[N]>;
}[ScheduleName];

/** The same as a recipe gives it: constant without a name. */
export type GivenSchedule =
  | { lrSchedule?: 'constant' | 'constant_with_warmup' | 'linear' | 'cosine' | undefined }
  | { [N in ScheduleName]: { lrSchedule: N } & Given<(typeof schedules)[N]> }[ScheduleName];

/** The rate of optimiser step `step`, from 0, of a run of `steps`. */
export function learningRate(
  settings: NamedSchedule & Omit<Span, 'steps'>,
  { step, steps }: { readonly step: number; readonly steps: number },
): number {
  const { lr, warmupSteps, lrSchedule } = settings;
  const schedule: Schedule = schedules[lrSchedule];
  if (step >= warmupSteps) return lr * schedule.after(step, { lr, warmupSteps, steps }, settings);
  const rise = step / Math.max(1, warmupSteps);
  return lr * (schedule.warmUp?.(rise, settings) ?? rise);
}
