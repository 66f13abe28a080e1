// The pace of an adaptive anneal follows the trend of a signal that should not fall. The signal is the mean reward, or
// minus the relative distance of the gradient's norm from its mean, which is high while gradients are steady.
//
//   trend  z = (fast − slow) / spread, bounded by ±1       moving averages of the signal over about 5 and 20 steps;
//                                                          spread is the mean |signal − slow|
//   pace   1 + m·z, m = min(1, slack/(1 − slack))          steps of the linear schedule to take in one step
//
// At the default slack of ½ the pace goes from 0 to 2. It is symmetric about 1, so that noise neither hurries the
// anneal nor delays it. Try it when rewards drop while β falls: https://arxiv.org/abs/2512.22455 leaves the pace open.

/** The trend of the signal. */
export interface Trend {
  /** Moving average of the gradient's norm; null before the first. */
  readonly gradNorm: number | null;
  /** Moving averages of the signal; null before its first value. */
  readonly averages: Averages | null;
}

/** Moving averages of the signal. */
interface Averages {
  readonly fast: number;
  readonly slow: number;
  /** Mean |signal − slow|: the plain mean of the first values, then a moving average. */
  readonly spread: number;
  /** Number of values in the spread. */
  readonly count: number;
}

/** What an adaptive schedule reads of a step. A value is undefined where there is none. */
export interface Signals {
  readonly reward?: number | undefined;
  readonly gradNorm?: number | undefined;
}

const SLOW_STEPS = 20;
const FAST_STEPS = 5;

export const startTrend: Trend = { gradNorm: null, averages: null };

/** Updates the trend with a step's signal. A signal that is absent or not finite changes nothing. */
export function observeTrend(
  { gradNorm, averages }: Trend,
  signals: Signals,
  signal: 'reward' | 'gradNormVariance',
): Trend {
  const { reward = Number.NaN, gradNorm: norm = Number.NaN } = signals;
  return {
    gradNorm: Number.isFinite(norm) ? toward(gradNorm ?? norm, norm, SLOW_STEPS) : gradNorm,
    averages: observe(averages, signal === 'reward' ? reward : steadiness(norm, gradNorm)),
  };
}

/** Minus the relative distance of a norm from the mean of those before it; NaN for the first norm. */
function steadiness(norm: number, mean: number | null): number {
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
    // The first values get a plain mean. A moving average from 0 would start too small and turn noise into a strong
    // trend.
    spread: toward(averages.spread, Math.abs(value - slow), Math.min(SLOW_STEPS, 2 * count - 1)),
    count,
  };
}

/** The pace for a trend: steps of the linear schedule to take in one, between 1 − m and 1 + m. */
export function pace({ averages }: Trend, slack: number): number {
  if (averages === null || averages.spread === 0) return 1;
  const { fast, slow, spread } = averages;
  const z = Math.min(1, Math.max(-1, (fast - slow) / spread));
  return 1 + z * Math.min(1, slack / (1 - slack));
}

/** Moves an exponential moving average over about `steps` steps toward a value. */
const toward = (mean: number, value: number, steps: number) => mean + ((value - mean) * 2) / (steps + 1);
