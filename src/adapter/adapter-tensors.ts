import type { ModelConfig } from '../model/config/model-config.ts';
import type { AdapterSpec } from './adapter-spec.ts';
import { linearModules } from './target-modules.ts';

/** Returns PEFT's names of a module's adapter tensors. */
export function adapterNames(module: string): { readonly a: string; readonly b: string } {
  const at = `base_model.model.${module}`;
  return { a: `${at}.lora_A.weight`, b: `${at}.lora_B.weight` };
}

/** Lists an adapter's tensors: name → shape, A [R, in] and B [out, R] for each adapted module. */
export function adapterShapes(spec: AdapterSpec, config: ModelConfig): Record<string, readonly number[]> {
  const linears = linearModules(config);
  const shapes = spec.modules.flatMap((module): [string, number[]][] => {
    const [outputs, inputs] = linears[module]!;
    const names = adapterNames(module);
    return [
      [names.a, [spec.rank, inputs]],
      [names.b, [outputs, spec.rank]],
    ];
  });
  return Object.fromEntries(shapes);
}
