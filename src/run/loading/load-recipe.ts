import { existsSync } from 'node:fs';
import { isAbsolute, join, resolve, sep } from 'node:path';
import { InputError } from '../../errors.ts';
import { givenModel, pathsFrom } from '../../io/given-path.ts';
import { applyOverrides } from '../../recipe/apply-overrides.ts';
import { parseRecipe, type Recipe, type RecipeInput } from '../../recipe/recipe.ts';
import { type RecipeSource, type RunConfig, readRunConfig } from '../folder/config-file.ts';
import { pinHub } from '../folder/hub-record.ts';
import { runPaths } from '../folder/paths.ts';
import { importRecipe } from './import-recipe.ts';
import { pinned } from './pinned-override.ts';

export interface LoadedRecipe {
  readonly recipe: Recipe;
  readonly source: RecipeSource;
}

/**
 * Loads a recipe and applies overrides (`a.b=value`, as `--set` takes them).
 * @throws InputError as `importRecipe`, `applyOverrides` and `parseRecipe` do.
 */
export async function loadRecipe(spec: string, overrides: readonly string[] = []): Promise<LoadedRecipe> {
  const { exported, name, folder } = await importRecipe(spec);
  // Overrides name paths from here, the recipe from its folder, also those that its configure() puts together.
  const set = overrides.map(pinned);
  const recipe = parseRecipe(pathsFrom(folder, () => applyOverrides(located(exported as RecipeInput), set)));
  return { recipe: withPaths(recipe, absolute), source: { recipe: name, set } };
}

/** A recipe with its model, its starting adapter and its draft named otherwise. */
function withPaths<T extends RecipeInput | Recipe>(recipe: T, renamed: (path: string) => string): T {
  const { model, adapter, draft } = recipe;
  const [init, drafted] = [adapter?.init, draft?.model];
  return {
    ...recipe,
    ...(typeof model === 'string' && { model: renamed(model) }),
    ...(typeof init === 'string' && { adapter: { ...adapter, init: renamed(init) } }),
    ...(typeof drafted === 'string' && { draft: { ...draft, model: renamed(drafted) } }),
  };
}

/** A recipe whose models and adapter are paths from its file's folder, where they are there. */
const located = (input: RecipeInput): RecipeInput => withPaths(input, givenModel);

/**
 * Loads the recipe that a run folder was made with; `overrides` come on top of its own.
 * @throws InputError when the folder is no run, its recipe came from a program, or can't be loaded any more.
 */
export async function loadRunRecipe(
  out: string,
  overrides: readonly string[] = [],
): Promise<LoadedRecipe & { readonly config: RunConfig }> {
  const config = await readRunConfig(runPaths(out).config);
  if (config.source === null) {
    throw new InputError(
      `${out} was made by a program's own train(), not from a recipe file: its recipe is in that program; what is in a file can be evaluated, verified and resumed from here`,
    );
  }
  const { recipe, source } = await loadRecipe(config.source.recipe, [...config.source.set, ...overrides]);
  pinHub(config);
  const { model, adapter, draft } = config.recipe as {
    model?: unknown;
    adapter?: { readonly init?: unknown };
    draft?: { readonly model?: unknown };
  };
  return { recipe: withPaths(recipe, fromThere([model, adapter?.init, draft?.model])), source, config };
}

/** A path that is not to be found from here: the one that the run found by it in the folder where it began. */
const fromThere =
  (stored: readonly unknown[]) =>
  (path: string): string => {
    if (isAbsolute(path) || existsSync(path)) return path;
    const there = stored.find((each) => typeof each === 'string' && each.endsWith(join(sep, path)));
    return typeof there === 'string' ? there : path;
  };

/** A path on disk works from any folder; other names of models stay as they are. */
function absolute(model: string): string {
  return existsSync(resolve(model)) ? resolve(model) : model;
}
