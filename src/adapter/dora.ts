import type { HostTensor, Named } from '../engine/engine.ts';
import { floatWeight, heldTensor } from '../model/weights/base-weights.ts';
import { type AdapterSpec, scalingOf } from './adapter-spec.ts';
import { adapterNames } from './adapter-tensors.ts';

// DoRA: "Weight-Decomposed Low-Rank Adaptation", arXiv 2402.09353, as PEFT computes it.
//
//   V  = W0 + scaling·B·A                  [out, in]
//   h  = (m / ‖V‖)·V·x + bias              ‖V‖ [out] are the L2 norms of V's rows, m [out] is trained
//
// No gradient flows through ‖V‖ (section 4.3 of the paper). So it is computed once for each version of A and B, on the
// host, and programs take it as an input.

/** Name of the program input that holds ‖V‖ of a module, [out]. */
export const normName = (module: string): string => `base_model.model.${module}.lora_weight_norm`;

/** Norms of adapters that were measured, by their B: updates make new arrays. */
const measured = new WeakMap<object, { readonly of: readonly object[]; readonly norms: HostTensor }>();

/** Computes ‖V‖ of every module of a DoRA adapter, by `normName`; nothing for other adapters. */
export function doraNorms(
  spec: AdapterSpec,
  tensors: Named<HostTensor>,
  base: Named<HostTensor>,
): Record<string, HostTensor> {
  if (!spec.dora) return {};
  const norms = Object.entries(spec.modules).map(([module, adapted]): [string, HostTensor] => {
    const names = adapterNames(module);
    const [a, b] = [tensors[names.a]!, tensors[names.b]!];
    const weight = `${module}.weight`;
    const held = heldTensor(base, weight)!.data;
    const known = measured.get(b.data);
    if (known?.of[0] === a.data && known.of[1] === held) return [normName(module), known.norms];
    const found = rowNorms(floatWeight(base, weight)!, { a, b, scaling: scalingOf(adapted, spec.rsLora) });
    measured.set(b.data, { of: [a.data, held], norms: found });
    return [normName(module), found];
  });
  return Object.fromEntries(norms);
}

function rowNorms(weight: HostTensor, term: LowRank): HostTensor {
  const data = new Float32Array(weight.shape[0]!);
  let o = 0;
  for (const row of adaptedRows(weight, term)) data[o++] = normOf(row);
  return { data, shape: [data.length], dtype: 'float32' };
}

/** One module's low-rank term: scaling·B·A. */
export interface LowRank {
  /** [R, in] */
  readonly a: HostTensor;
  /** [out, R] */
  readonly b: HostTensor;
  readonly scaling: number;
}

/** Yields the rows of W0 + scaling·B·A, summed in float64. The array is the same each time. */
export function* adaptedRows(weight: HostTensor, { a, b, scaling }: LowRank): Generator<Float64Array> {
  const [outputs, inputs] = weight.shape as [number, number];
  const rank = a.shape[0]!;
  const row = new Float64Array(inputs);
  for (let o = 0; o < outputs; o++) {
    row.fill(0);
    for (let r = 0; r < rank; r++) {
      const factor = scaling * b.data[o * rank + r]!;
      for (let i = 0; i < inputs; i++) row[i]! += factor * a.data[r * inputs + i]!;
    }
    for (let i = 0; i < inputs; i++) row[i] = weight.data[o * inputs + i]! + row[i]!;
    yield row;
  }
}

/** L2 norm. */
export function normOf(row: Float64Array): number {
  let sum = 0;
  for (const value of row) sum += value * value;
  return Math.sqrt(sum);
}
