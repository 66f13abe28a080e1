import { betaSchedule, noAnnealing } from '../adapter/anneal/beta-schedule.ts';
import { openEngine } from '../engine/select/select-engine.ts';
import { pinnedName } from '../hub/local-path.ts';
import { modelPath } from '../model/config/model-path.ts';
import { readModelConfig } from '../model/read-config.ts';
import { loadTokenizer } from '../model/tokenizer/tokenizer.ts';
import { initialiseWeights } from '../model/weights/initialise-weights.ts';
import { loadWeights } from '../model/weights/load-weights.ts';
import type { Recipe } from '../recipe/recipe.ts';
import { trainedModel } from '../recipe/trained-model.ts';
import { draftOf } from './draft/draft-of.ts';
import { methodOf } from './method/method-of.ts';
import { startingPoint } from './method/starting-point.ts';
import { ModelPolicy } from './model-policy.ts';
import type { Policy } from './policy.ts';

/**
 * Makes what a recipe trains: loads the model, sets up the method and opens the engine.
 * @throws InputError when the model or the adapter of `adapter.init` can't be had, a target module matches nothing, or
 * the engine can't start here.
 */
export async function createPolicy(recipe: Recipe): Promise<Policy> {
  const path = await modelPath(recipe.model);
  const config = await readModelConfig(path);
  const tokenizer = (await loadTokenizer(path)).withTemplate(recipe.env.chatTemplate ?? {});
  const { baseDtype } = recipe.runtime;
  const weights = recipe.freshWeights
    ? initialiseWeights(config, recipe.seed, baseDtype)
    : await loadWeights(path, config, baseDtype);
  const whole = { config, weights, tokenizer, path };
  const trained = recipe.objective === 'draft' ? await draftOf(recipe, whole) : whole;
  const start = await startingPoint(recipe, trained);
  const trainable = methodOf({ ...recipe, model: pinnedName(trainedModel(recipe)) }, start);
  const schedule =
    recipe.method === 'afa-lora'
      ? betaSchedule({ ...recipe.adapter, steps: recipe.steps, layers: trained.config.layers })
      : noAnnealing(trained.config.layers);
  const engine = await openEngine(recipe.runtime);
  const { model, notes = [] } = start;
  const parts = { engine, config: model.config, tokenizer, trainable, schedule, recipe, notes };
  const target = recipe.objective === 'draft' ? { target: { config, weights } } : {};
  return new ModelPolicy({ ...parts, ...target, source: trained.path });
}
