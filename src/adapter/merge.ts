import type { HostTensor, Named } from '../engine/engine.ts';
import { InputError, RefusedError } from '../errors.ts';
import { floatWeight, withWeights } from '../model/weights/base-weights.ts';
import { type AdapterSpec, scalingOf } from './adapter-spec.ts';
import { adapterNames } from './adapter-tensors.ts';
import { adaptedRows, type LowRank, normOf } from './dora.ts';

/**
 * Folds an adapter into the weights that it adapts: W' = W0 + scaling·B·A, summed in float64. W [out, in], A [R, in],
 * B [out, R]. A bias of B goes into the layer's bias; DoRA scales the rows of W' to its magnitudes. A quantised W0 is
 * widened, and its sum is float32. Returns a new record. Only the adapted weights are new arrays.
 * @throws RefusedError unless β is exactly 0 in every layer. The message names the step at which it would be.
 * InputError for a bias of B where the model has none.
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
  const { spec, tensors } = adapter;
  checkMergeable(spec, weights);
  const merged = Object.entries(spec.modules).flatMap(([module, adapted]): [string, HostTensor][] => {
    const { a, b, bias, magnitude } = adapterNames(module);
    const scaling = scalingOf(adapted, spec.rsLora);
    const term = { a: tensors[a]!, b: tensors[b]!, scaling };
    const weight = mergedWeight(floatWeight(weights, `${module}.weight`)!, term, tensors[magnitude]);
    const all: [string, HostTensor][] = [[`${module}.weight`, weight]];
    if (spec.loraBias) {
      const own = weights[`${module}.bias`]!;
      all.push([`${module}.bias`, mergedBias(own, { b: tensors[bias]!, scaling })]);
    }
    return all;
  });
  return withWeights(weights, Object.fromEntries(merged));
}

function refuseCurved(betas: readonly number[], zeroStep: number): void {
  const layer = betas.findIndex((beta) => beta !== 0);
  if (layer < 0) return;
  throw new RefusedError(
    `can't merge: β is ${betas[layer]} in layer ${layer}, and the adapter is linear only at β = 0; β would be 0 at step ${zeroStep}: train until then`,
  );
}

function mergedWeight(weight: HostTensor, term: LowRank, magnitude: HostTensor | undefined): HostTensor {
  const inputs = weight.shape[1]!;
  const data = new Float32Array(weight.data.length);
  let o = 0;
  for (const row of adaptedRows(weight, term)) {
    const factor = magnitude === undefined ? 1 : magnitude.data[o]! / normOf(row);
    for (let i = 0; i < inputs; i++) data[o * inputs + i] = factor * row[i]!;
    o++;
  }
  return { data, shape: weight.shape, dtype: 'float32' };
}

function mergedBias(
  bias: HostTensor,
  { b, scaling }: { readonly b: HostTensor; readonly scaling: number },
): HostTensor {
  const data = Float32Array.from(bias.data, (value, o) => value + scaling * b.data[o]!);
  return { data, shape: bias.shape, dtype: 'float32' };
}

/** Checks that an adapter can be merged once it is linear. @throws InputError naming the layer that has no bias. */
export function checkMergeable({ modules, loraBias }: AdapterSpec, weights: Named<HostTensor>): void {
  if (!loraBias) return;
  const module = Object.keys(modules).find((path) => weights[`${path}.bias`] === undefined);
  if (module === undefined) return;
  throw new InputError(
    `can't merge: the adapter has a bias for ${module} (lora_bias), and that layer of the model has none`,
  );
}
