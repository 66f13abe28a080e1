import type { z } from 'zod';
import { configureEnvironment } from '../environment/configure-environment.ts';
import { InputError } from '../errors.ts';
import { nearestNames } from '../options/nearest-names.ts';
import { fieldPaths, fieldsOf } from '../options/schema-fields.ts';
import { type RecipeInput, recipeSchema } from './recipe.ts';
import { engineOf, methodOf, withoutUnread } from './unread-fields.ts';

/**
 * Applies `a.b=value` overrides to a recipe, in order; a value is JSON, or else text as it stands.
 * `env.<option>=value` goes to the environment's configure(), all such options in one call.
 * @throws InputError for a missing '=', an unknown field (naming the nearest), an environment without options.
 */
export function applyOverrides(input: RecipeInput, overrides: readonly string[]): RecipeInput {
  let recipe: unknown = forReaders(input, overrides);
  const options: Record<string, unknown> = {};
  for (const override of overrides) {
    const { path, value } = parseOverride(override);
    if (path[0] === 'env' && path.length === 2) options[path[1]!] = value;
    else {
      checkPath(path, override);
      recipe = withField(recipe, path, { value, override });
    }
  }
  return configured(recipe as RecipeInput, options);
}

/** A recipe for the method and the engine that overrides choose: without what only its own read. */
function forReaders(input: RecipeInput, overrides: readonly string[]): RecipeInput {
  const given = new Map(
    overrides.map(parseOverride).map(({ path, value }) => [path.join('.'), String(value)]),
  );
  const method = given.get('method') ?? methodOf(input);
  const engine = given.get('runtime.engine') ?? engineOf(input);
  if (method === methodOf(input) && engine === engineOf(input)) return input;
  return withoutUnread(input, { method, engine });
}

/** Reads 'a.b=value'; the value is JSON, or else text as it stands. @throws InputError for a missing '='. */
export function parseOverride(override: string): { path: readonly string[]; value: unknown } {
  const at = override.indexOf('=');
  if (at < 1)
    throw new InputError(`--set takes field=value, such as sampling.groupSize=4; got "${override}"`);
  const text = override.slice(at + 1);
  return { path: override.slice(0, at).split('.'), value: parseValue(text) };
}

function parseValue(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function checkPath(path: readonly string[], override: string): void {
  let schema: z.core.$ZodType | undefined = recipeSchema;
  for (const name of path) {
    const fields: Readonly<Record<string, z.core.$ZodType>> = schema ? fieldsOf(schema) : {};
    schema = fields[/^\d+$/.test(name) ? '<n>' : name];
  }
  if (schema !== undefined) return;
  const near = nearestNames(path.join('.'), [...fieldPaths(recipeSchema), 'env.<option>']);
  const hint =
    near.length > 0
      ? `did you mean ${near.join(' or ')}?`
      : `fields are ${Object.keys(fieldsOf(recipeSchema)).join(', ')}`;
  throw new InputError(`--set ${override}: a recipe has no field "${path.join('.')}"; ${hint}`);
}

/** A copy of `target` with the field at `path` changed; objects that defaults would have filled in are made. */
function withField(
  target: unknown,
  [name, ...rest]: readonly string[],
  change: { readonly value: unknown; readonly override: string },
): unknown {
  if (name === undefined) return change.value;
  if (Array.isArray(target)) {
    const i = Number(name);
    if (i >= target.length) {
      throw new InputError(
        `--set ${change.override}: there are ${target.length} items, the last is ${target.length - 1}`,
      );
    }
    return target.with(i, withField(target[i], rest, change));
  }
  const fields = (target ?? {}) as Readonly<Record<string, unknown>>;
  return { ...fields, [name]: withField(fields[name], rest, change) };
}

function configured(recipe: RecipeInput, options: Readonly<Record<string, unknown>>): RecipeInput {
  const names = Object.keys(options);
  if (names.length === 0) return recipe;
  return { ...recipe, env: configureEnvironment(recipe.env, options, `env.${names[0]}`) };
}
