import type { HostTensor, Named } from '../engine/engine.ts';
import { RefusedError } from '../errors.ts';
import { heldWeights, type ReadWeight } from '../model/weights/read-weight.ts';
import { type AdapterSpec, scalingOf } from './adapter-spec.ts';
import { adapterNames } from './adapter-tensors.ts';

/** An adapter to be folded into weights. */
interface MergeableAdapter {
  readonly spec: AdapterSpec;
  readonly tensors: Named<HostTensor>;
  /** β of each layer, [L]. */
  readonly betas: readonly number[];
  /** The first step at which β is 0 in every layer. */
  readonly zeroStep: number;
}

/**
 * Folds an adapter into the weights that it adapts: W' = W0 + scaling·B·A, summed in float64. W [out, in], A [R, in],
 * B [out, R]. Returns a new record. Only the adapted weights are new arrays.
 * @throws RefusedError unless β is exactly 0 in every layer. The message names the step at which it would be.
 */
export function mergeAdapter(
  weights: Named<HostTensor>,
  adapter: MergeableAdapter,
): Record<string, HostTensor> {
  const read = mergedWeights(weights, adapter);
  const merged = adapter.spec.modules.map((module): [string, HostTensor] => {
    const name = `${module}.weight`;
    return [name, { data: read(name), shape: weights[name]!.shape, dtype: 'float32' }];
  });
  return { ...weights, ...Object.fromEntries(merged) };
}

/**
 * Reads weights with an adapter folded in, as `mergeAdapter` does, one at a time: a merged weight is computed when it
 * is asked for.
 * @throws RefusedError, before anything is read, unless β is exactly 0 in every layer.
 */
export function mergedWeights(weights: Named<HostTensor>, adapter: MergeableAdapter): ReadWeight {
  refuseCurved(adapter.betas, adapter.zeroStep);
  const { spec, tensors } = adapter;
  const held = heldWeights(weights);
  const modules = new Set(spec.modules);
  return (name) => {
    const module = name.replace(/\.weight$/, '');
    if (module === name || !modules.has(module)) return held(name);
    const { a, b } = adapterNames(module);
    return addProduct(weights[name]!, { a: tensors[a]!, b: tensors[b]!, scaling: scalingOf(spec) });
  };
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
): Float32Array {
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
  return data;
}
