import { observeTrend, pace, type Signals, startTrend, type Trend } from './adaptive.ts';

// The anneal's clock. β is a function of its time. The clock counts optimiser steps, unless an adaptive schedule
// changes its pace or `maxAnnealKl` holds it back. It never runs backwards. β is 0 from the horizon on, or
// from the first move after it.

/** The clock's state: plain data, for checkpoints. */
export interface ClockState {
  /** The time that the schedule asks for, in steps. */
  readonly plan: number;
  /** The time that β is at. It lags behind `plan` while a move is held back or waits for the next rollout batch. */
  readonly time: number;
  /** The trend of an adaptive schedule's signal. */
  readonly trend: Trend;
}

export interface ClockRules {
  /** The horizon: the first step from which β is 0. */
  readonly zeroStep: number;
  /** Optimiser steps of the run. */
  readonly steps: number;
  /** Optimiser steps between two moves of β. */
  readonly stepsPerMove: number;
  /** Settings of an adaptive schedule; absent for the others. */
  readonly adaptive?: { readonly signal: 'reward' | 'gradNormVariance'; readonly slack: number } | undefined;
}

export const startClock: ClockState = { plan: 0, time: 0, trend: startTrend };

/**
 * Advances the clock by one step. `state` is the clock after step − 1 optimiser steps, `signals` are the last step's.
 */
export function tick(state: ClockState, step: number, rules: ClockRules, signals: Signals = {}): ClockState {
  const { adaptive } = rules;
  const trend = adaptive ? observeTrend(state.trend, signals, adaptive.signal) : state.trend;
  const paced = adaptive ? state.plan + pace(trend, adaptive.slack) : step;
  const plan = Math.max(paced, earliestTime(step, rules));
  const moves = step % rules.stepsPerMove === 0 || step >= rules.steps;
  return { plan, time: moves ? plan : state.time, trend };
}

/**
 * The least time that the clock must show at a step, so that β is 0 at the horizon. It is 0 for the first `slack` of
 * the anneal. From then on it rises evenly to the horizon.
 */
function earliestTime(step: number, { zeroStep, adaptive }: ClockRules): number {
  if (step >= zeroStep) return step;
  if (adaptive === undefined) return 0;
  const { slack } = adaptive;
  return (zeroStep * Math.max(0, step / zeroStep - slack)) / (1 - slack);
}
