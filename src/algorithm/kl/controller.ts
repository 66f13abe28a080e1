/**
 * The coefficient of a KL penalty in the reward: fixed, or adaptive (https://arxiv.org/abs/1909.08593), which after n
 * steps at a measured KL multiplies it by 1 + clip(KL/target − 1, ±0.2) · n/horizon. As in verl, n is the number of
 * sequences, and a batch is penalised with the coefficient from before its own KL moves it.
 */
export type KlControl =
  | { readonly type: 'fixed' }
  | {
      readonly type: 'adaptive';
      /** KL to hold (nats a token). */
      readonly target: number;
      /** Sequences over which the coefficient would double at a KL of twice the target or more, five times over. */
      readonly horizon: number;
    };

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
