import { z } from 'zod';
import { positive, positiveInt } from '../../options/ranges.ts';

/**
 * The coefficient of a KL penalty: fixed, or adaptive (https://arxiv.org/abs/1909.08593). An adaptive one is
 * multiplied, after a batch of n sequences, by 1 + clip(KL/target − 1, ±0.2) · n/horizon. As in verl, a batch is
 * penalised with the coefficient from before its own KL moves it.
 */
export const klControl = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('fixed') }),
  z.strictObject({
    type: z.literal('adaptive'),
    target: positive.describe('KL to hold (nats a token)'),
    // At a KL 20 % or more above the target the coefficient grows by about a fifth in one horizon.
    horizon: positiveInt.describe('completions over which the coefficient moves'),
  }),
]);
export type KlControl = z.output<typeof klControl>;

/** The greatest relative distance between a KL and its target that counts. */
export const MOST_KL_ERROR = 0.2;

/**
 * The coefficient after `steps` sequences at a mean KL of `kl`; never below 0, and unmoved by a KL that is not finite.
 */
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
