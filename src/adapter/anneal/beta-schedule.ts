import { cosine } from './cosine.ts';
import type { Curve } from './curve.ts';
import { exponential } from './exponential.ts';
import { linear } from './linear.ts';
import type { ScheduleSettings as Settings } from './schedule-settings.ts';
import { step } from './step.ts';
import { zero } from './zero.ts';

/** β of every layer over a run, a pure function of the time on the anneal's clock. */
export interface BetaSchedule {
  /** β of each layer at a time (in optimiser steps, ≥ 0), [L], each in [0, 1]. */
  readonly betas: (time: number) => readonly number[];
  /** The first step from which β is exactly 0 in every layer. */
  readonly zeroStep: number;
}

/** Kind → its curve. Each kind is one file. */
const kinds: { readonly [K in Settings['kind']]: (settings: Settings) => Curve } = {
  linear,
  cosine,
  exponential,
  step,
  // Linear, on a clock that runs faster or slower: see clock.ts.
  adaptive: linear,
  zero,
};

/** The times at which a layer's β leaves 1 and reaches 0. */
interface Window {
  readonly start: number;
  readonly end: number;
}

/**
 * Makes the schedule of a run of `steps` optimiser steps on a model of `layers` layers.
 *
 * β is exactly 0 from E = ceil(fraction·steps) on. The product is the decimal one: 0.07·100 is 7.
 * - `hold`: β stays at 1 for this share of E, so that the adapter learns before it is straightened.
 * - `layerOffset` o: each layer anneals in a window of the share 1 − |o| of the rest. The windows start one after the
 *   other: for o > 0 the first layer starts first, for o < 0 the last layer. https://arxiv.org/abs/2512.22455 leaves
 *   open which layers should anneal first.
 * @example
 * const { betas } = betaSchedule({ schedule: schedule.parse({}), steps: 100, layers: 2 }); // linear, E = 30
 * betas(15); // [0.5, 0.5]
 */
export function betaSchedule(run: {
  readonly schedule: Settings;
  readonly steps: number;
  readonly layers: number;
}): BetaSchedule {
  const { schedule, steps, layers } = run;
  const zeroStep =
    schedule.kind === 'zero' ? 0 : Math.ceil(Number((schedule.fraction * steps).toPrecision(12)));
  const curve = kinds[schedule.kind](schedule);
  const windows = Array.from({ length: layers }, (_, layer) =>
    windowOf(schedule, { zeroStep, place: layers === 1 ? 0 : layer / (layers - 1) }),
  );
  const betaIn = ({ start, end }: Window, time: number): number => {
    if (time >= zeroStep || time >= end) return 0;
    return time <= start ? 1 : curve((time - start) / (end - start));
  };
  return { betas: (time) => windows.map((window) => betaIn(window, time)), zeroStep };
}

/** Returns the window of a layer. `place` is 0 for the first layer and 1 for the last. */
function windowOf(
  { hold = 0, layerOffset = 0 }: Settings,
  { zeroStep, place }: { readonly zeroStep: number; readonly place: number },
): Window {
  const begin = hold * zeroStep;
  const length = zeroStep - begin;
  const later = layerOffset >= 0 ? place : 1 - place;
  const start = begin + Math.abs(layerOffset) * later * length;
  return { start, end: start + (1 - Math.abs(layerOffset)) * length };
}

/** The schedule of method lora: β is 0 throughout. */
export function noAnnealing(layers: number): BetaSchedule {
  return { betas: () => Array<number>(layers).fill(0), zeroStep: 0 };
}
