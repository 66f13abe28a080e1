import type { HostTensor, Named } from '../engine/engine.ts';
import { RefusedError } from '../errors.ts';
import { floatWeight, weightOf } from '../model/weights/base-weights.ts';
import { type AdapterSpec, scalingOf } from './adapter-spec.ts';
import { adapterNames } from './adapter-tensors.ts';

/**
 * Folds an adapter into the weights that it adapts: W' = W0 + scaling·B·A, summed in float64. W0 is what the adapter was
 * trained on: a quantised weight is widened, and its sum is float32. W [out, in], A [R, in],
 * B [out, R]. Returns a new record. Only the adapted weights are new arrays.
 * @throws RefusedError unless β is exactly 0 in every layer. The message names the step at which it would be.
 */
export function mergeAdapter(
  weights: Named<HostTensor>,
  adapter: {
    readonly spec: AdapterSpec;
    readonly tensors: Named<HostTensor>;
    /** β of each layer, [L]. */
    readonly betas: readonly number[];
    /** The first step at which β is 0 in every layer. */
    readonly zeroStep: number;
  },
): Record<string, HostTensor> {
  refuseCurved(adapter.betas, adapter.zeroStep);
  const scaling = scalingOf(adapter.spec);
  const merged = adapter.spec.modules.map((module): [string, HostTensor] => {
    const name = `${module}.weight`;
    const { a, b } = adapterNames(module);
    return [
      name,
      addProduct(floatWeight(weights, name)!, { a: adapter.tensors[a]!, b: adapter.tensors[b]!, scaling }),
    ];
  });
  const adapted = new Set(merged.map(([name]) => name));
  const others = Object.entries(weights).filter(([name]) => !adapted.has(weightOf(name)));
  return { ...Object.fromEntries(others), ...Object.fromEntries(merged) };
}

function refuseCurved(betas: readonly number[], zeroStep: number): void {
  const layer = betas.findIndex((beta) => beta !== 0);
  if (layer < 0) return;
  throw new RefusedError(
    `can't merge: β is ${betas[layer]} in layer ${layer}, and the adapter is linear only at β = 0; β would be 0 at step ${zeroStep}: train until then`,
  );
}

function addProduct(
  weight: HostTensor,
  { a, b, scaling }: { readonly a: HostTensor; readonly b: HostTensor; readonly scaling: number },
): HostTensor {
  const [outputs, inputs] = weight.shape as [number, number];
  const rank = a.shape[0]!;
  const data = new Float32Array(weight.data.length);
  const row = new Float64Array(inputs);
  for (let o = 0; o < outputs; o++) {
    row.fill(0);
    for (let r = 0; r < rank; r++) {
      const factor = scaling * b.data[o * rank + r]!;
      for (let i = 0; i < inputs; i++) row[i]! += factor * a.data[r * inputs + i]!;
    }
    for (let i = 0; i < inputs; i++) data[o * inputs + i] = weight.data[o * inputs + i]! + row[i]!;
  }
  return { data, shape: weight.shape, dtype: 'float32' };
}
