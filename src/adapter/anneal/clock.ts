import { observeTrend, pace, type Signals, startTrend, type Trend } from './adaptive.ts';

// The clock that β goes by. It counts optimiser steps, unless an adaptive schedule paces it or something holds it back. It
// never goes back, and whatever happened, from the horizon on it stands where β is 0.

/** Where the anneal stands: plain data, for checkpoints. */
export interface ClockState {
  /** Where β should be, in steps of the schedule. */
  readonly plan: number;
  /** Where β is. */
  readonly time: number;
  /** What an adaptive schedule has seen. */
  readonly trend: Trend;
}

export interface ClockRules {
  /** The horizon: the first step from which β is 0. */
  readonly zeroStep: number;
  /** Optimiser steps of the run, and those between two moves of β. */
  readonly steps: number;
  readonly stepsPerMove: number;
  /** How an adaptive schedule paces the clock; absent for all others. */
  readonly adaptive?: { readonly signal: 'reward' | 'gradNormVariance'; readonly slack: number } | undefined;
}

export const startClock: ClockState = { plan: 0, time: 0, trend: startTrend };

/** The clock after `step` optimiser steps, given its state after one less and what that step told. */
export function tick(state: ClockState, step: number, rules: ClockRules, signals: Signals = {}): ClockState {
  const { adaptive } = rules;
  const trend = adaptive ? observeTrend(state.trend, signals, adaptive.signal) : state.trend;
  const paced = adaptive ? state.plan + pace(trend, adaptive.slack) : step;
  const plan = Math.max(paced, latest(step, rules));
  const moves = step % rules.stepsPerMove === 0 || step >= rules.steps;
  return { plan, time: moves ? plan : state.time, trend };
}

/**
 * How late the clock may be at a step: an anneal that has stood still for `slack` of its horizon must from then on go at
 * an even pace that ends in time.
 */
function latest(step: number, { zeroStep, adaptive }: ClockRules): number {
  if (step >= zeroStep) return step;
  if (adaptive === undefined) return 0;
  const { slack } = adaptive;
  return (zeroStep * Math.max(0, step / zeroStep - slack)) / (1 - slack);
}
