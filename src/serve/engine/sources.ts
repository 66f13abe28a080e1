import { existsSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { InputError } from '../../errors.ts';
import { localPath } from '../../hub/local-path.ts';
import { modelPath } from '../../model/config/model-path.ts';
import type { Recipe } from '../../recipe/recipe.ts';
import { beginsAsModel, trainedModel } from '../../recipe/trained-model.ts';
import { chooseCheckpoint } from '../../run/checkpoint/choose-checkpoint.ts';
import { isRunFolder, runPaths } from '../../run/folder/paths.ts';
import { loadRunRecipe } from '../../run/loading/load-recipe.ts';
import { recipeWithoutCode } from '../../workers/without-code.ts';
import type { AdapterSource, BaseSource, Named } from './service-calls.ts';

/** What to serve: a model, and adapters by the names that they are served by. */
export interface Sources {
  readonly base: Named<BaseSource>;
  readonly adapters: readonly Named<AdapterSource>[];
}

/**
 * Finds what a person named. A run stands for its merged model where there is one; for the model of its last checkpoint
 * where all weights train, or the base has no name of its own; else for its base, with the last checkpoint's adapter by
 * the run's name.
 * @throws InputError when there is no such model, run or adapter, a draft is given as one, or a name is given twice;
 * AnnealError when it can't be downloaded.
 */
export async function findSources(
  model: string,
  adapters: Readonly<Record<string, string>> = {},
  name?: string,
): Promise<Sources> {
  const named = await findModel(model, name);
  const more: Named<AdapterSource>[] = [];
  for (const [each, given] of Object.entries(adapters))
    more.push({ name: each, given, source: await findAdapter(given) });
  const all = [...named.adapters, ...more];
  const names = [named.base.name, ...all.map((each) => each.name)];
  const twice = names.find((each, i) => names.indexOf(each) < i);
  if (twice !== undefined)
    throw new InputError(`the name ${JSON.stringify(twice)} stands for two models: rename one`);
  return { base: named.base, adapters: all };
}

async function findModel(given: string, name = nameOf(given)): Promise<Sources> {
  if (!isRunFolder(given))
    return { base: { name, given, source: { kind: 'model', path: await modelPath(given) } }, adapters: [] };
  const { merged } = runPaths(given);
  if (existsSync(merged))
    return { base: { name, given, source: { kind: 'model', path: merged } }, adapters: [] };
  const { path, recipe } = await lastCheckpoint(given);
  if (!hasAdapter(recipe))
    return { base: { name, given, source: { kind: 'checkpoint', path, recipe } }, adapters: [] };
  const base = await findModel(trainedModel(recipe));
  return { base: base.base, adapters: [{ name, given, source: { kind: 'checkpoint', path, recipe } }] };
}

async function findAdapter(given: string): Promise<AdapterSource> {
  if (!isRunFolder(given)) return { kind: 'folder', folder: await localPath(given, 'adapter') };
  const { path, recipe } = await lastCheckpoint(given);
  if (recipe.objective === 'draft')
    throw new InputError(`${given} is a draft of ${recipe.model}: give it to --draft`);
  if (hasAdapter(recipe)) return { kind: 'checkpoint', path, recipe };
  throw new InputError(
    `${given} has no adapter to put on a base: serve it as the model, or a run of method lora or afa-lora`,
  );
}

async function lastCheckpoint(run: string): Promise<{ readonly path: string; readonly recipe: Recipe }> {
  const { entry } = await chooseCheckpoint(run);
  const { recipe } = await loadRunRecipe(run);
  return { path: entry.path, recipe: recipeWithoutCode(recipe) };
}

const hasAdapter = (recipe: Recipe): boolean => recipe.method !== 'full' && beginsAsModel(recipe);

/** A folder goes by its own name, a model on the hub by that it has there. */
const nameOf = (given: string): string => (existsSync(given) ? basename(resolve(given)) : given);
