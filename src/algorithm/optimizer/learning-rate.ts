/**
 * Learning-rate schedules of transformers.get_scheduler, under its names: pure functions of the optimiser step.
 * As there, the warm-up starts at rate 0 (the first step does nothing) and `cosine` rises again past totalSteps.
 * Departure: `constant` honours warmupSteps, so that it equals `constant_with_warmup`.
 */
export const learningRateTypes = [
  'constant',
  'constant_with_warmup',
  'linear',
  'cosine',
  'cosine_with_min_lr',
  'polynomial',
  'inverse_sqrt',
  'warmup_stable_decay',
] as const;
type LearningRateType = (typeof learningRateTypes)[number];

interface Shape {
  /** Steps of linear rise from 0 to the peak. */
  readonly warmupSteps: number;
  /** Optimiser steps of the run; unused by the constant kinds and inverse_sqrt. */
  readonly totalSteps: number;
  /** Cosine waves: .5 falls once to the end, 1 falls and rises. */
  readonly cycles: number;
  /** Floor as a share of the peak (cosine_with_min_lr, warmup_stable_decay). */
  readonly minRatio: number;
  /** Length and shape of warmup_stable_decay's last phase. */
  readonly decaySteps: number;
  readonly decayType: 'linear' | 'cosine' | '1-sqrt';
  /** polynomial: rate at the end, and exponent. */
  readonly endLr: number;
  readonly power: number;
  /** inverse_sqrt: steps in which the rate falls by √2 after the warm-up; warmupSteps (or 10000) when left out. */
  readonly timescale: number;
}

interface Peak {
  readonly type: LearningRateType;
  /** Peak rate. */
  readonly lr: number;
}

export type LearningRateSchedule = Peak & { readonly [K in keyof Shape]?: Shape[K] | undefined };

/** Share of the peak rate at a step that is past the warm-up. */
type Decay = (step: number, schedule: Peak & Shape) => number;

const progress = (step: number, start: number, length: number) => (step - start) / Math.max(1, length);
const cosineWave = (at: number, cycles: number) => 0.5 * (1 + Math.cos(Math.PI * cycles * 2 * at));

const decays: Readonly<Record<LearningRateType, Decay>> = {
  constant: () => 1,
  constant_with_warmup: () => 1,
  linear: (step, { warmupSteps, totalSteps }) =>
    Math.max(0, (totalSteps - step) / Math.max(1, totalSteps - warmupSteps)),
  cosine: (step, { warmupSteps, totalSteps, cycles }) =>
    Math.max(0, cosineWave(progress(step, warmupSteps, totalSteps - warmupSteps), cycles)),
  cosine_with_min_lr: (step, { warmupSteps, totalSteps, cycles, minRatio }) => {
    const wave = cosineWave(progress(step, warmupSteps, totalSteps - warmupSteps), cycles);
    return Math.max(0, wave * (1 - minRatio) + minRatio);
  },
  polynomial: (step, { lr, warmupSteps, totalSteps, endLr, power }) => {
    if (step > totalSteps) return endLr / lr;
    const left = 1 - (step - warmupSteps) / (totalSteps - warmupSteps);
    return ((lr - endLr) * left ** power + endLr) / lr;
  },
  inverse_sqrt: (step, { warmupSteps, timescale }) =>
    1 / Math.sqrt((step + timescale - warmupSteps) / timescale),
  warmup_stable_decay: (step, { totalSteps, decaySteps, decayType, cycles, minRatio }) => {
    const start = totalSteps - decaySteps;
    if (step < start) return 1;
    if (step >= totalSteps) return minRatio;
    const at = progress(step, start, decaySteps);
    const shapes = { linear: 1 - at, cosine: cosineWave(at, cycles), '1-sqrt': 1 - Math.sqrt(at) };
    return Math.max(0, shapes[decayType] * (1 - minRatio) + minRatio);
  },
};

/** The rate of optimiser step `step` (from 0). */
export function learningRate(schedule: LearningRateSchedule, step: number): number {
  const full = filled(schedule);
  const { type, lr, warmupSteps, minRatio } = full;
  if (step >= warmupSteps) return lr * decays[type](step, full);
  const rise = step / Math.max(1, warmupSteps);
  return lr * (type === 'warmup_stable_decay' ? rise * (1 - minRatio) + minRatio : rise);
}

function filled(schedule: LearningRateSchedule): Peak & Shape {
  return {
    type: schedule.type,
    lr: schedule.lr,
    warmupSteps: schedule.warmupSteps ?? 0,
    totalSteps: schedule.totalSteps ?? 0,
    cycles: schedule.cycles ?? 0.5,
    minRatio: schedule.minRatio ?? 0,
    decaySteps: schedule.decaySteps ?? 0,
    decayType: schedule.decayType ?? 'cosine',
    endLr: schedule.endLr ?? 1e-7,
    power: schedule.power ?? 1,
    timescale: schedule.timescale ?? (schedule.warmupSteps || 10_000),
  };
}
