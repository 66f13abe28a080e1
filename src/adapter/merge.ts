import type { HostTensor, Named } from '../engine/engine.ts';
import { InputError, RefusedError } from '../errors.ts';
import { floatShape, floatWeight, withWeights } from '../model/weights/base-weights.ts';
import { heldWeights, type ReadWeight } from '../model/weights/read-weight.ts';
import { type AdapterSpec, scalingOf } from './adapter-spec.ts';
import { adapterNames } from './adapter-tensors.ts';
import { adaptedRows, type LowRank, normOf } from './dora.ts';

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
 * B [out, R]. A bias of B goes into the layer's bias; DoRA scales the rows of W' to its magnitudes. A quantised W0 is
 * widened, and its sum is float32. Returns a new record. Only the adapted weights are new arrays.
 * @throws RefusedError unless β is exactly 0 in every layer. The message names the step at which it would be.
 * InputError for a bias of B where the model has none.
 */
export function mergeAdapter(
  weights: Named<HostTensor>,
  adapter: MergeableAdapter,
): Record<string, HostTensor> {
  const read = mergedWeights(weights, adapter);
  const { modules, loraBias } = adapter.spec;
  const kinds = loraBias ? ['weight', 'bias'] : ['weight'];
  const merged = Object.keys(modules).flatMap((module) =>
    kinds.map((kind): [string, HostTensor] => {
      const name = `${module}.${kind}`;
      return [name, { data: read(name), shape: floatShape(weights, name), dtype: 'float32' }];
    }),
  );
  return withWeights(weights, Object.fromEntries(merged));
}

/**
 * Reads weights with an adapter folded in, as `mergeAdapter` does, one at a time: a merged weight is computed when it
 * is asked for.
 * @throws as `mergeAdapter`, before anything is read.
 */
export function mergedWeights(weights: Named<HostTensor>, adapter: MergeableAdapter): ReadWeight {
  refuseCurved(adapter.betas, adapter.zeroStep);
  const { spec, tensors } = adapter;
  checkMergeable(spec, weights);
  const held = heldWeights(weights);
  return (name) => {
    const [, module = '', kind] = /^(.*)\.(weight|bias)$/.exec(name) ?? [];
    const adapted = Object.hasOwn(spec.modules, module) ? spec.modules[module] : undefined;
    if (adapted === undefined || (kind === 'bias' && !spec.loraBias)) return held(name);
    const { a, b, bias, magnitude } = adapterNames(module);
    const scaling = scalingOf(adapted, spec.rsLora);
    if (kind === 'bias') return mergedBias(weights[name]!, { b: tensors[bias]!, scaling });
    return mergedWeight(
      floatWeight(weights, name)!,
      { a: tensors[a]!, b: tensors[b]!, scaling },
      tensors[magnitude],
    );
  };
}

function refuseCurved(betas: readonly number[], zeroStep: number): void {
  const layer = betas.findIndex((beta) => beta !== 0);
  if (layer < 0) return;
  throw new RefusedError(
    `can't merge: β is ${betas[layer]} in layer ${layer}, and the adapter is linear only at β = 0; β would be 0 at step ${zeroStep}: train until then`,
  );
}

function mergedWeight(weight: HostTensor, term: LowRank, magnitude: HostTensor | undefined): Float32Array {
  const inputs = weight.shape[1]!;
  const data = new Float32Array(weight.data.length);
  let o = 0;
  for (const row of adaptedRows(weight, term)) {
    const factor = magnitude === undefined ? 1 : magnitude.data[o]! / normOf(row);
    for (let i = 0; i < inputs; i++) data[o * inputs + i] = factor * row[i]!;
    o++;
  }
  return data;
}

function mergedBias(
  bias: HostTensor,
  { b, scaling }: { readonly b: HostTensor; readonly scaling: number },
): Float32Array {
  return Float32Array.from(bias.data, (value, o) => value + scaling * b.data[o]!);
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
