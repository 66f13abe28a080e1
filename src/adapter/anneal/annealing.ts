import type { Signals } from './adaptive.ts';
import type { BetaSchedule } from './beta-schedule.ts';
import { type ClockRules, type ClockState, startClock, tick } from './clock.ts';
import type { ScheduleSettings } from './schedule-settings.ts';

/** Measures how far moving β to `next`, [L], changes the policy while its weights stay: anneal_kl, nats a token. */
export type MeasureMove = (next: readonly number[]) => Promise<number>;

/** The settings of a run that its anneal reads. */
export interface AnnealingSettings {
  readonly schedule: ScheduleSettings;
  /** Optimiser steps of the run. */
  readonly steps: number;
  /** Optimiser steps between two moves of β. */
  readonly stepsPerMove: number;
  /** Measure anneal_kl at every move. */
  readonly measuresKl: boolean;
}

/** How often a move is shortened before it is put off. */
const TRIES = 5;

/** β over a run: a schedule, and a clock that an adaptive schedule paces and `maxAnnealKl` holds back. */
export class Annealing {
  private readonly schedule: BetaSchedule;
  private readonly rules: ClockRules;
  private readonly maxKl: number | undefined;
  private readonly measures: boolean;
  private clock: ClockState = startClock;

  constructor(
    schedule: BetaSchedule,
    { schedule: settings, steps, stepsPerMove, measuresKl }: AnnealingSettings,
  ) {
    const { kind, signal = 'reward', slack = 0.5, maxAnnealKl } = settings;
    this.schedule = schedule;
    this.maxKl = maxAnnealKl;
    this.measures = measuresKl || maxAnnealKl !== undefined;
    this.rules = {
      zeroStep: schedule.zeroStep,
      steps,
      stepsPerMove,
      ...(kind === 'adaptive' && { adaptive: { signal, slack } }),
    };
  }

  /** The step from which β is exactly 0 in every layer: the horizon, or the first move of β after it. */
  get zeroStep(): number {
    const { zeroStep, stepsPerMove, steps } = this.rules;
    return Math.min(Math.ceil(zeroStep / stepsPerMove) * stepsPerMove, steps);
  }

  /** β of each layer now, [L]. */
  betas(): readonly number[] {
    return this.schedule.betas(this.clock.time);
  }

  /** Plain data, for checkpoints. */
  state(): ClockState {
    return this.clock;
  }

  restore(state: ClockState): void {
    this.clock = state;
  }

  /**
   * Moves β after `step` optimiser steps. Returns the metric anneal_kl if β moved and the metric is measured.
   *
   * With `maxAnnealKl` a move that is too large is shortened, and put off when no tried move fits. At the horizon and
   * at the last step the whole move is made. The metric anneal_kl_exceeded is then 1 if it was too large.
   */
  async advance(
    step: number,
    signals: Signals,
    measure: MeasureMove,
  ): Promise<Readonly<Record<string, number>>> {
    const from = this.clock.time;
    const next = tick(this.clock, step, this.rules, signals);
    const { time, metrics } = await this.bounded(from, next.time, { step, measure });
    this.clock = { ...next, time };
    return metrics;
  }

  /** Finds how far the clock may move from one time toward another. It measures, and does not move β. */
  private async bounded(
    from: number,
    to: number,
    { step, measure }: { readonly step: number; readonly measure: MeasureMove },
  ): Promise<{ readonly time: number; readonly metrics: Readonly<Record<string, number>> }> {
    if (!this.measures || !this.moves(from, to)) return { time: to, metrics: {} };
    const klTo = (time: number) => measure(this.schedule.betas(time));
    let kl = await klTo(to);
    if (this.maxKl === undefined) return { time: to, metrics: { anneal_kl: kl } };
    const last = step >= this.rules.zeroStep || step >= this.rules.steps;
    let time = to;
    for (let attempt = 0; attempt < TRIES && kl > this.maxKl && !last; attempt++) {
      // The KL of a short move grows with its square.
      time = from + 0.9 * Math.sqrt(this.maxKl / kl) * (time - from);
      kl = await klTo(time);
    }
    if (kl > this.maxKl && !last) return { time: from, metrics: { anneal_kl: 0, anneal_kl_exceeded: 0 } };
    return { time, metrics: { anneal_kl: kl, anneal_kl_exceeded: kl > this.maxKl ? 1 : 0 } };
  }

  private moves(from: number, to: number): boolean {
    const after = this.schedule.betas(to);
    return this.schedule.betas(from).some((beta, layer) => beta !== after[layer]);
  }
}
