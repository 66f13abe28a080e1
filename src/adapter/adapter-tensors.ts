import type { ModelConfig } from '../model/config/model-config.ts';
import type { AdapterSpec } from './adapter-spec.ts';
import { linearModules } from './target-modules.ts';

/** Names of a module's adapter tensors, as PEFT has them. */
export function adapterNames(module: string): { readonly a: string; readonly b: string } {
  const at = `base_model.model.${module}`;
  return { a: `${at}.lora_A.weight`, b: `${at}.lora_B.weight` };
}

/** Shape of every tensor of an adapter by name: A [R, in] and B [out, R] of each adapted module. */
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
