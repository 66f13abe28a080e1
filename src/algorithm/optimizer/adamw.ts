import { InputError } from '../../errors.ts';
import type { Optimizer, Parameters } from './types.ts';

export interface AdamWOptions {
  /** Decay rates of the two moments, β1 and β2. */
  readonly betas: readonly [number, number];
  readonly eps: number;
  readonly weightDecay: number;
}

export interface AdamWState {
  /** Updates done so far. */
  readonly step: number;
  readonly expAvg: Record<string, Float32Array>;
  readonly expAvgSq: Record<string, Float32Array>;
}

/**
 * AdamW, https://arxiv.org/abs/1711.05101, in the order of torch.optim.AdamW: the decay is decoupled and comes first,
 *   p ← p·(1 − lr·wd);  m ← m + (1−β1)(g − m);  v ← β2·v + (1−β2)g²;  p ← p − lr/(1−β1ᵗ) · m / (√v/√(1−β2ᵗ) + eps).
 * Every operation is rounded to float32 where torch's CPU kernels round: the moments come out bit for bit. Departure:
 * the root is rounded correctly, torch's may be off by its last bit. Moments are updated in place, and a parameter's new
 * value is written over its gradient: an update takes no memory of its own.
 */
export function adamW(options: AdamWOptions): Optimizer<AdamWState> {
  return {
    init: (params) => ({ step: 0, expAvg: zerosLike(params), expAvgSq: zerosLike(params) }),
    update(grads, state, params, lr) {
      const step = state.step + 1;
      const next: Record<string, Float32Array> = { ...params };
      for (const [name, grad] of Object.entries(grads)) {
        const [param, m, v] = [params[name], state.expAvg[name], state.expAvgSq[name]];
        if (param === undefined || m === undefined || v === undefined) {
          throw new InputError(`gradient for "${name}", which the optimiser was not started with`);
        }
        adamStep({ ...options, grad, param, m, v, out: grad, step, lr });
        next[name] = grad;
      }
      return { params: next, state: { ...state, step } };
    },
  };
}

const zerosLike = (params: Parameters) =>
  Object.fromEntries(Object.entries(params).map(([name, p]) => [name, new Float32Array(p.length)]));

interface AdamStep extends AdamWOptions {
  readonly grad: Float32Array;
  readonly param: Float32Array;
  readonly m: Float32Array;
  readonly v: Float32Array;
  readonly out: Float32Array;
  readonly step: number;
  readonly lr: number;
}

const { fround } = Math;

function adamStep({ grad, param, m, v, out, step, lr, betas, eps, weightDecay }: AdamStep): void {
  const [beta1, beta2] = betas;
  const keep = fround(1 - lr * weightDecay);
  const [newMean, keptSquare, newSquare] = [fround(1 - beta1), fround(beta2), fround(1 - beta2)];
  const stepSize = fround(-(lr / (1 - beta1 ** step)));
  const [bias, epsilon] = [fround(Math.sqrt(1 - beta2 ** step)), fround(eps)];
  for (let i = 0; i < param.length; i++) {
    const g = grad[i]!;
    // lerp and addcmul add a product without rounding it first.
    const mean = fround(m[i]! + newMean * fround(g - m[i]!));
    const square = fround(fround(keptSquare * v[i]!) + fround(newSquare * g) * g);
    m[i] = mean;
    v[i] = square;
    const root = fround(fround(fround(Math.sqrt(square)) / bias) + epsilon);
    out[i] = fround(param[i]! * keep) + fround(fround(stepSize * mean) / root);
  }
}
