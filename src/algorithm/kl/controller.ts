import { z } from 'zod';
import { positive, positiveInt } from '../../options/ranges.ts';

/**
 * The coefficient of a KL penalty: fixed, or adaptive (https://arxiv.org/abs/1909.08593), which after n
 * steps at a measured KL multiplies it by 1 + clip(KL/target − 1, ±0.2) · n/horizon. As in verl, n is the number of
 * sequences, and a batch is penalised with the coefficient from before its own KL moves it.
 */
export const klControl = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('fixed') }),
  z.strictObject({
    type: z.literal('adaptive'),
    target: positive.describe('KL to hold (nats a token)'),
    // The coefficient doubles over it at a KL of twice the target or more, five times over.
    horizon: positiveInt.describe('completions over which the coefficient moves'),
  }),
]);
export type KlControl = z.output<typeof klControl>;

/** How far, at most, a KL counts as off its target, as a share of that. */
export const MOST_KL_ERROR = 0.2;

/** The coefficient after `steps` sequences at a mean KL of `kl`; never below 0, and unmoved by a KL that is not finite. */
export function nextKlCoef(
  control: KlControl,
  coef: number,
  { kl, steps }: { kl: number; steps: number },
): number {
  if (control.type === 'fixed') return coef;
  const error = Math.min(MOST_KL_ERROR, Math.max(-MOST_KL_ERROR, kl / control.target - 1));
  const moved = coef * (1 + (error * steps) / control.horizon);
  return Number.isFinite(moved) ? Math.max(0, moved) : coef;
}
