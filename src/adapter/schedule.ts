import type { Recipe } from '../config.ts';
import { linear } from './schedule/linear.ts';

// β's course over a run, a pure function of the number of optimiser steps taken: nothing to save but the settings, and
// resuming a run can't restart the anneal.

/** β of one layer over a run. */
export interface LayerSchedule {
  /** β in [0, 1] after `step` optimiser steps, 0 ≤ step. */
  readonly beta: (step: number) => number;
  /** The first step from which β is exactly 0. */
  readonly zeroStep: number;
}

/** β of every layer over a run. */
export interface BetaSchedule {
  /** β of each layer after `step` optimiser steps, [L]. */
  readonly betas: (step: number) => readonly number[];
  /** The first step from which every layer's β is exactly 0. */
  readonly zeroStep: number;
}

type Settings = Recipe['adapter']['schedule'];

/** One file a kind: settings and the run's length in optimiser steps → a layer's schedule. */
const kinds: {
  readonly [K in Settings['kind']]: (settings: Settings & { readonly steps: number }) => LayerSchedule;
} = {
  linear,
};

/** The schedule of a run of `steps` optimiser steps on a model of `layers` layers, which all anneal alike. */
export function betaSchedule(run: {
  readonly schedule: Settings;
  readonly steps: number;
  readonly layers: number;
}): BetaSchedule {
  const { beta, zeroStep } = kinds[run.schedule.kind]({ ...run.schedule, steps: run.steps });
  return { betas: (step) => Array<number>(run.layers).fill(beta(step)), zeroStep };
}

/** The schedule of method lora: β is 0 throughout. */
export function noAnnealing(layers: number): BetaSchedule {
  return { betas: () => Array<number>(layers).fill(0), zeroStep: 0 };
}
