import { adapterSpec } from '../../adapter/adapter-spec.ts';
import { initialiseAdapter } from '../../adapter/initialise-adapter.ts';
import { valueSettings } from '../../algorithm/algorithm-settings.ts';
import type { Recipe } from '../../recipe/recipe.ts';
import { adapterTraining } from './adapter-training.ts';
import { fullFineTuning } from './full-fine-tuning.ts';
import type { StartingPoint } from './starting-point.ts';
import type { Trainable } from './trainable.ts';
import { withValueHead } from './value-head-training.ts';

/**
 * The recipe's method on what its run starts from, with a value head for estimators that need one.
 * @throws InputError when a target module matches nothing.
 */
export function methodOf(recipe: Recipe, start: StartingPoint): Trainable {
  const { config, weights } = start.model;
  const isRl = recipe.objective === 'rl';
  const keepsReference = isRl && recipe.algorithm.klCoef !== 0;
  const method =
    recipe.method === 'full' ? fullFineTuning(weights, { keepsReference }) : adapterMethod(recipe, start);
  const valued = isRl && valueSettings(recipe.algorithm) !== undefined;
  return valued ? withValueHead(method, config.hiddenSize) : method;
}

function adapterMethod(recipe: Recipe, { model, continued, merged }: StartingPoint): Trainable {
  const { config, weights: base } = model;
  const spec = continued?.spec ?? adapterSpec(recipe, config);
  return adapterTraining({
    base,
    spec,
    layers: config.layers,
    tensors: continued?.tensors ?? initialiseAdapter(spec, config, recipe.seed),
    baseModel: recipe.model,
    schedule: { schedule: recipe.adapter.schedule, steps: recipe.steps },
    start: { weights: continued?.weights ?? {}, ...(merged && { under: merged }) },
    firstLayers: recipe.draft.layers,
    freshBase: recipe.freshWeights,
  });
}
