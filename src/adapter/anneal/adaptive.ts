/**
 * How fast an adaptive anneal goes, by the trend of a signal that should not fall: the mean reward, or how calm the gradient's
 * norm is (minus its relative distance from its mean). Two moving averages of the signal, over about 5 and 20 steps; their
 * difference in units of the signal's usual distance from the slow one is the trend z, bounded by ±1. The pace is 1 + m·z times
 * that of the linear schedule with m = slack/(1 − slack), at most 1: at the default slack of ½ it goes from standing still to
 * twice as fast. It is even about 1, so that a signal of noise alone neither hurries the anneal nor holds it up.
 * Worth trying when rewards sag while β falls: https://arxiv.org/abs/2512.22455 leaves the pace of annealing open.
 */
export interface Trend {
  /** Mean norm of the gradient; null before the first. */
  readonly gradNorm: number | null;
  /** null before the first value of the signal. */
  readonly averages: Averages | null;
}

/** Moving averages of the signal. */
interface Averages {
  readonly fast: number;
  readonly slow: number;
  /** Mean |signal − slow|: of all values while they are few, then a moving average. */
  readonly spread: number;
  /** Values in the spread. */
  readonly count: number;
}

/** What a step tells about the training; undefined where there is no such thing. */
export interface Signals {
  readonly reward?: number | undefined;
  readonly gradNorm?: number | undefined;
}

const SLOW_STEPS = 20;
const FAST_STEPS = 5;

export const startTrend: Trend = { gradNorm: null, averages: null };

/** Takes a step's signal into the trend; one that is absent or not finite leaves it as it is. */
export function observeTrend(
  { gradNorm, averages }: Trend,
  signals: Signals,
  signal: 'reward' | 'gradNormVariance',
): Trend {
  const { reward = Number.NaN, gradNorm: norm = Number.NaN } = signals;
  return {
    gradNorm: Number.isFinite(norm) ? toward(gradNorm ?? norm, norm, SLOW_STEPS) : gradNorm,
    averages: observe(averages, signal === 'reward' ? reward : calm(norm, gradNorm)),
  };
}

/** Minus the relative distance of a norm from those before it; the first has none. */
function calm(norm: number, mean: number | null): number {
  return mean === null ? Number.NaN : -Math.abs(norm - mean) / Math.max(mean, Number.MIN_VALUE);
}

function observe(averages: Averages | null, value: number): Averages | null {
  if (!Number.isFinite(value)) return averages;
  if (averages === null) return { fast: value, slow: value, spread: 0, count: 0 };
  const slow = toward(averages.slow, value, SLOW_STEPS);
  const count = averages.count + 1;
  return {
    fast: toward(averages.fast, value, FAST_STEPS),
    slow,
    // An average that started from 0 would be too small at first, and every early difference a strong trend.
    spread: toward(averages.spread, Math.abs(value - slow), Math.min(SLOW_STEPS, 2 * count - 1)),
    count,
  };
}

/** Steps of the linear schedule to go in one: 1 ± min(1, slack/(1 − slack)). */
export function pace({ averages }: Trend, slack: number): number {
  if (averages === null || averages.spread === 0) return 1;
  const { fast, slow, spread } = averages;
  const z = Math.min(1, Math.max(-1, (fast - slow) / spread));
  return 1 + z * Math.min(1, slack / (1 - slack));
}

/** An exponential moving average over about `steps` steps. */
const toward = (mean: number, value: number, steps: number) => mean + ((value - mean) * 2) / (steps + 1);
