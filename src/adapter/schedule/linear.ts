import type { LayerSchedule } from '../schedule.ts';

/**
 * β(step) = max(0, 1 − step/E), E = ceil(fraction·steps): 1 before the first optimiser step, exactly 0 from step E on.
 * Fraction 0 never anneals: β is 0 throughout. https://arxiv.org/abs/2512.22455
 */
export function linear({
  fraction,
  steps,
}: {
  readonly fraction: number;
  readonly steps: number;
}): LayerSchedule {
  const zeroStep = Math.ceil(fraction * steps);
  return { zeroStep, beta: (step) => (step >= zeroStep ? 0 : 1 - step / zeroStep) };
}
