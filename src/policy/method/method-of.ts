import { adapterSpec } from '../../adapter/adapter-spec.ts';
import { initialiseAdapter } from '../../adapter/initialise-adapter.ts';
import { valueSettings } from '../../algorithm/algorithm-settings.ts';
import type { HostTensor, Named } from '../../engine/engine.ts';
import type { ModelConfig } from '../../model/config/model-config.ts';
import type { Recipe } from '../../recipe/recipe.ts';
import { adapterTraining } from './adapter-training.ts';
import { fullFineTuning } from './full-fine-tuning.ts';
import type { Trainable } from './trainable.ts';
import { withValueHead } from './value-head-training.ts';

export interface MethodOptions {
  readonly config: ModelConfig;
  /** Weights of the model. */
  readonly base: Named<HostTensor>;
  /** The adapter as it starts; a fresh one when left out. */
  readonly adapter?: Named<HostTensor> | undefined;
}

/**
 * The recipe's method on a model, with a value head for estimators that need one.
 * @throws InputError when a target module matches nothing.
 */
export function methodOf(recipe: Recipe, options: MethodOptions): Trainable {
  const method = recipe.method === 'full' ? fullFineTuning(options.base) : adapterMethod(recipe, options);
  const valued = recipe.objective === 'rl' && valueSettings(recipe.algorithm) !== undefined;
  return valued ? withValueHead(method, options.config.hiddenSize) : method;
}

function adapterMethod(recipe: Recipe, { config, base, adapter }: MethodOptions): Trainable {
  const spec = adapterSpec(recipe, config);
  return adapterTraining({
    base,
    spec,
    layers: config.layers,
    tensors: adapter ?? initialiseAdapter(spec, config, recipe.seed),
    baseModel: recipe.model,
    schedule: { schedule: recipe.adapter.schedule, steps: recipe.steps },
  });
}
