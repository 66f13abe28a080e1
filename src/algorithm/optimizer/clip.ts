import type { Parameters } from './types.ts';

/** The norm of all gradients taken as one vector: (Σ|g|^order)^(1/order), or the greatest |g| for order Infinity. */
export function gradNorm(grads: Parameters, order = 2): number {
  let total = 0;
  for (const grad of Object.values(grads)) {
    for (let i = 0; i < grad.length; i++) {
      const g = grad[i]!;
      if (order === 2) total += g * g;
      else if (order === Number.POSITIVE_INFINITY) total = Math.max(total, Math.abs(g));
      else total += Math.abs(g) ** order;
    }
  }
  return order === Number.POSITIVE_INFINITY ? total : total ** (1 / order);
}

/**
 * Scales gradients in place so that their global norm is at most `maxNorm`, as torch.nn.utils.clip_grad_norm_ does:
 * by min(1, maxNorm / (norm + 1e-6)), so a binding clip leaves slightly less than maxNorm.
 * Returns the norm before clipping. With maxNorm Infinity it only measures.
 */
export function clipGradNorm(grads: Parameters, maxNorm: number, order = 2): { readonly norm: number } {
  const norm = gradNorm(grads, order);
  const scale = maxNorm / (norm + 1e-6);
  if (scale < 1) {
    for (const grad of Object.values(grads)) {
      for (let i = 0; i < grad.length; i++) grad[i] = grad[i]! * scale;
    }
  }
  return { norm };
}
