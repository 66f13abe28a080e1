import { type AdapterSpec, adapterSpec } from '../../src/adapter/adapter-spec.ts';
import { adapterShapes } from '../../src/adapter/adapter-tensors.ts';
import type { HostTensor } from '../../src/engine/engine.ts';
import { normal, randomStream } from '../../src/random.ts';
import { parseRecipe } from '../../src/recipe/recipe.ts';
import { tinyConfig } from '../model/decoder-programs.ts';

export const config = tinyConfig();

/** An adapter of rank 3 on every linear layer of the tiny model, or as `adapter` says. */
export function makeSpec(
  adapter: object = {},
  method: 'lora' | 'afa-lora' = 'afa-lora',
  model = config,
): AdapterSpec {
  const recipe = parseRecipe({
    name: 'test',
    model: 'tiny',
    method,
    adapter: { rank: 3, alpha: 6, ...adapter },
    env: { name: 'none', tasks: () => [], prompt: () => [] },
    rewards: [{ reward: () => [] }],
    optimizer: { lr: 1e-3 },
    steps: 10,
  });
  return adapterSpec(recipe, model);
}

/** A trained adapter: every tensor random, B too. */
export function randomAdapter(
  spec: AdapterSpec,
  model = config,
): Record<string, HostTensor & { readonly data: Float32Array }> {
  const stream = randomStream(3, 'adapter tests');
  return Object.fromEntries(
    Object.entries(adapterShapes(spec, model)).map(([name, shape]) => {
      const data = Float32Array.from({ length: shape[0]! * shape[1]! }, () => 0.4 * normal(stream));
      return [name, { data, shape, dtype: 'float32' as const }];
    }),
  );
}
