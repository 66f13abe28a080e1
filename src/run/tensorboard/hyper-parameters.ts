import type { HyperParameter } from '../../io/tensorboard/event-messages.ts';
import type { Recipe } from '../../recipe/recipe.ts';
import { plainRecipe } from '../folder/config-file.ts';

/**
 * The fields of a recipe as a flat table, named as `--set` names them (`optimizer.lr`), with the environment's options.
 * Lists of plain values are JSON text; a field without a value is left out.
 */
export function hyperParameters(recipe: Recipe): Record<string, HyperParameter> {
  const options = JSON.parse(JSON.stringify(recipe.env.options ?? {}));
  return Object.fromEntries([...flatten(plainRecipe(recipe)), ...flatten(options, 'env.')]);
}

function flatten(fields: object, prefix = ''): (readonly [string, HyperParameter])[] {
  return Object.entries(fields).flatMap(([name, value]: [string, unknown]) => {
    const path = prefix + name;
    if (value === null) return [];
    if (typeof value !== 'object') return [[path, value as HyperParameter] as const];
    if (Array.isArray(value) && !value.some((item) => typeof item === 'object')) {
      return [[path, JSON.stringify(value)] as const];
    }
    return flatten(value, `${path}.`);
  });
}
