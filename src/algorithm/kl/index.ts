import * as tf from '../../engine/tfjs.ts';
import { InputError } from '../../errors.ts';
import { detach } from '../statistics/stop-gradient.ts';
import { abs } from './abs.ts';
import { k1 } from './k1.ts';
import { k2 } from './k2.ts';
import { k3 } from './k3.ts';
import { lowVarKl } from './low-var-kl.ts';
import type { KlEstimator } from './types.ts';

/** Every KL estimator by name; verl's aliases included. */
export const klEstimators = {
  k1,
  kl: k1,
  k2,
  mse: k2,
  k3,
  low_var_kl: lowVarKl,
  abs,
} satisfies Readonly<Record<string, KlEstimator>>;
type KlName = keyof typeof klEstimators;

/** What a recipe may call them: each also with a `+`. */
export const klEstimatorNames: readonly (KlName | `${KlName}+`)[] = (
  Object.keys(klEstimators) as KlName[]
).flatMap((name) => [name, `${name}+` as const]);

/**
 * The estimator of that name. A `+` at its end keeps the value but takes the gradient of k2, which is the one that
 * estimates the KL's gradient without bias (verl's straight-through `k1+`, `k3+`).
 * @throws InputError when there is none.
 */
export function klNamed(name: string): KlEstimator {
  const known: Readonly<Record<string, KlEstimator>> = klEstimators;
  const estimator = known[name.replace(/\+$/, '')];
  if (estimator === undefined) {
    throw new InputError(
      `unknown KL estimator "${name}": choose one of ${Object.keys(klEstimators).join(', ')}`,
    );
  }
  return name.endsWith('+') ? straightThrough(estimator) : estimator;
}

const straightThrough = (value: KlEstimator): KlEstimator => ({
  of: value.of,
  tensor(logprobs, refLogprobs) {
    const slope = k2.tensor(logprobs, refLogprobs);
    return tf.add(tf.sub(slope, detach(slope)), detach(value.tensor(logprobs, refLogprobs)));
  },
});
