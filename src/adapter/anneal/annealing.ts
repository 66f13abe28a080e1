import type { Signals } from './adaptive.ts';
import type { BetaSchedule } from './beta-schedule.ts';
import { type ClockRules, type ClockState, startClock, tick } from './clock.ts';
import type { ScheduleSettings } from './schedule-settings.ts';

/** How far a move of β to `next`, [L], takes the policy as it is: anneal_kl, nats a token. */
export type MeasureMove = (next: readonly number[]) => Promise<number>;

/** What a run says of its anneal. */
export interface AnnealingSettings {
  readonly schedule: ScheduleSettings;
  /** Optimiser steps of the run, and those between two moves of β. */
  readonly steps: number;
  readonly stepsPerMove: number;
  /** Measure anneal_kl at every move. */
  readonly measuresKl: boolean;
}

/** Tries to find a move that is short enough, after the whole one. */
const TRIES = 5;

/** β of a run: the schedule, by a clock that adaptive schedules and maxAnnealKl move. */
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

  /** The first step from which every layer's β is exactly 0: the schedule's horizon, or the first move of β after it. */
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
   * Moves β on, after `step` optimiser steps. Gives anneal_kl when β moved and it is asked for; with maxAnnealKl the move is cut until it
   * is short enough, or put off when none is, unless the horizon is reached, and anneal_kl_exceeded tells when it is not.
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

  /** The move from one time to another, cut where it must be; β stays until it is decided. */
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
