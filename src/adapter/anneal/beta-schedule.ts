import { cosine } from './cosine.ts';
import type { Curve } from './curve.ts';
import { exponential } from './exponential.ts';
import { linear } from './linear.ts';
import type { ScheduleSettings as Settings } from './schedule-settings.ts';
import { step } from './step.ts';
import { zero } from './zero.ts';

// β's course over a run, a pure function of the anneal's clock, which counts the optimiser steps taken.

/** β of every layer over a run. */
export interface BetaSchedule {
  /** β of each layer when the clock stands at `time` (steps, 0 ≤ time), [L], each in [0, 1]. */
  readonly betas: (time: number) => readonly number[];
  /** The first step from which every layer's β is exactly 0. */
  readonly zeroStep: number;
}

/** One file a kind: settings → a curve. */
const kinds: { readonly [K in Settings['kind']]: (settings: Settings) => Curve } = {
  linear,
  cosine,
  exponential,
  step,
  // Linear by a clock that goes faster or slower: see anneal-clock.ts.
  adaptive: linear,
  zero,
};

/** When a layer's β leaves 1, and when it reaches 0, on the anneal's clock. */
interface Window {
  readonly start: number;
  readonly end: number;
}

/**
 * The schedule of a run of `steps` optimiser steps on a model of `layers` layers. With E = ceil(fraction·steps), as decimal numbers
 * multiply (0.07·100 is 7), β is exactly 0 from E on. Of these E steps β is held at 1 for the share `hold` (a warm start: the adapter learns as it is before it
 * is bent straight), and what remains is cut by `layerOffset` o into windows of the share 1 − |o|, the first layer's first and
 * the last layer's last, or the other way round for o < 0. https://arxiv.org/abs/2512.22455 leaves open which layers should
 * anneal first: o is for finding out.
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

/** The window of the layer at `place`, 0 for the first and 1 for the last. */
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
