import type { ModelConfig } from '../model/config/model-config.ts';
import type { AdapterSpec } from './adapter-spec.ts';
import { linearModules } from './target-modules.ts';

/** PEFT's names of a module's adapter tensors. */
export interface AdapterNames {
  readonly a: string;
  readonly b: string;
  /** Bias of B, with `loraBias`. */
  readonly bias: string;
  /** Magnitudes of the rows, with DoRA. */
  readonly magnitude: string;
}

export function adapterNames(module: string): AdapterNames {
  const at = `base_model.model.${module}`;
  return {
    a: `${at}.lora_A.weight`,
    b: `${at}.lora_B.weight`,
    bias: `${at}.lora_B.bias`,
    magnitude: `${at}.lora_magnitude_vector`,
  };
}

/**
 * Lists an adapter's tensors: name → shape, A [R, in] and B [out, R] for each adapted module, and [out] of B's bias and
 * of DoRA's magnitudes where the adapter has them.
 */
export function adapterShapes(spec: AdapterSpec, config: ModelConfig): Record<string, readonly number[]> {
  const linears = linearModules(config);
  const shapes = Object.entries(spec.modules).flatMap(([module, { rank }]): [string, number[]][] => {
    const [outputs, inputs] = linears[module]!;
    const names = adapterNames(module);
    const all: [string, number[]][] = [
      [names.a, [rank, inputs]],
      [names.b, [outputs, rank]],
    ];
    if (spec.loraBias) all.push([names.bias, [outputs]]);
    if (spec.dora) all.push([names.magnitude, [outputs]]);
    return all;
  });
  return Object.fromEntries(shapes);
}
