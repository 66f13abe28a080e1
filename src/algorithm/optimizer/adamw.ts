import { InputError } from '../../errors.ts';
import { randomStream } from '../../random.ts';
import { drawKey, narrowInto, type RoundingKey, widenInto } from './bfloat16-moments.ts';
import type { Optimizer, Parameters } from './types.ts';

/** How the moments are held. */
export type StateDtype = 'float32' | 'bfloat16';

export interface AdamWOptions {
  /** Decay rates of the two moments, β1 and β2. */
  readonly betas: readonly [number, number];
  readonly eps: number;
  readonly weightDecay: number;
  /** float32 when left out. With bfloat16 both moments are rounded at random after each step, by `seed`. */
  readonly stateDtype?: StateDtype;
  readonly seed?: number;
}

/** Moments in float32, or as the bit patterns of bfloat16. */
export type Moments = Record<string, Float32Array | Uint16Array>;

export interface AdamWState {
  /** Updates done so far. */
  readonly step: number;
  readonly expAvg: Moments;
  readonly expAvgSq: Moments;
}

/**
 * AdamW, https://arxiv.org/abs/1711.05101, in the order of torch.optim.AdamW: the decay is decoupled and comes first,
 *   p ← p·(1 − lr·wd);  m ← m + (1−β1)(g − m);  v ← β2·v + (1−β2)g²;  p ← p − lr/(1−β1ᵗ) · m / (√v/√(1−β2ᵗ) + eps).
 * Every operation is rounded to float32 where torch's CPU kernels round: the moments come out bit for bit. Departure:
 * the root is rounded correctly, torch's may be off by its last bit. Moments are updated in place, and a parameter's new
 * value is written over its gradient: an update takes no memory of its own.
 */
export function adamW(options: AdamWOptions): Optimizer<AdamWState> {
  const { stateDtype = 'float32', seed = 0 } = options;
  return {
    init: (params) => ({
      step: 0,
      expAvg: zerosLike(params, stateDtype),
      expAvgSq: zerosLike(params, stateDtype),
    }),
    update(grads, state, params, lr) {
      const step = state.step + 1;
      const random = randomStream(seed, `rounding of moments at step ${step}`);
      const next: Record<string, Float32Array> = { ...params };
      for (const [name, grad] of Object.entries(grads)) {
        const [param, m, v] = [params[name], state.expAvg[name], state.expAvgSq[name]];
        if (param === undefined || m === undefined || v === undefined) {
          throw new InputError(`gradient for "${name}", which the optimiser was not started with`);
        }
        const shared = { ...options, grad, param, out: grad, step, lr };
        if (m instanceof Float32Array && v instanceof Float32Array) adamStep({ ...shared, m, v });
        else adamStepIn16({ ...shared, m: m as Uint16Array, v: v as Uint16Array, key: drawKey(random) });
        next[name] = grad;
      }
      return { params: next, state: { ...state, step } };
    },
  };
}

const zerosLike = (params: Parameters, dtype: StateDtype): Moments =>
  Object.fromEntries(
    Object.entries(params).map(([name, { length }]) => [
      name,
      dtype === 'float32' ? new Float32Array(length) : new Uint16Array(length),
    ]),
  );

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

/** Elements that are widened at a time. */
const CHUNK = 8192;

type AdamStepIn16 = Omit<AdamStep, 'm' | 'v'> & {
  readonly m: Uint16Array;
  readonly v: Uint16Array;
  readonly key: RoundingKey;
};

/** The same step with moments in bfloat16. The parameters move by the moments as they are before their rounding. */
function adamStepIn16({ m, v, key, grad, param, out, ...options }: AdamStepIn16): void {
  const [wideM, wideV] = [new Float32Array(CHUNK), new Float32Array(CHUNK)];
  for (let from = 0; from < param.length; from += CHUNK) {
    const part = <A extends Float32Array | Uint16Array>(of: A) => of.subarray(from, from + CHUNK) as A;
    const [m16, v16] = [part(m), part(v)];
    widenInto(wideM, m16);
    widenInto(wideV, v16);
    adamStep({ ...options, grad: part(grad), param: part(param), out: part(out), m: wideM, v: wideV });
    narrowInto([m16, v16], [wideM, wideV], { key, from });
  }
}
