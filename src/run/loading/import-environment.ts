import { existsSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { createJiti } from 'jiti';
import { isEnvironment } from '../../environment/ask-environment.ts';
import { whatFailed } from '../../environment/user-code/what-failed.ts';
import { InputError } from '../../errors.ts';
import { pathsFrom } from '../../io/given-path.ts';
import { nearestNames } from '../../options/nearest-names.ts';
import type { RecipeInput } from '../../recipe/recipe.ts';
import type { Environment } from '../../types.ts';
import { ownModules } from './import-recipe.ts';

/** An environment, and the rewards that a recipe goes with it. */
export interface ImportedEnvironment {
  readonly env: Environment;
  readonly rewards?: RecipeInput['rewards'];
  /** Where its file lies, from which its relative paths go; undefined for bundled ones and those of packages. */
  readonly folder?: string | undefined;
}

/**
 * Imports an environment: the name of a bundled one (gsm8k, multiple-choice), a file (.ts or .js) or a package export.
 * A file exports by default an environment, a function that makes one, or a recipe; its relative paths go from its
 * folder.
 * @throws InputError when there is no such environment, or what was found is none.
 */
export async function importEnvironment(spec: string): Promise<ImportedEnvironment> {
  const modules = await ownModules();
  const bundled = modules['anneal/envs'] as Readonly<Record<string, unknown>>;
  const name = spec.replace(/-([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
  if (Object.hasOwn(bundled, name)) return environmentOf(bundled[name], spec);
  const jiti = createJiti(pathToFileURL(join(process.cwd(), 'anneal')).href, { virtualModules: modules });
  const path = resolve(spec);
  const file = existsSync(path) && statSync(path).isFile() ? path : jiti.esmResolve(spec, { try: true });
  if (file === undefined) throw new InputError(noEnvironment(spec, Object.keys(bundled)));
  const folder = file === path ? dirname(file) : undefined;
  const load = async () => environmentOf(((await jiti.import(file)) as { default?: unknown }).default, spec);
  try {
    return { ...(await pathsFrom(folder, load)), folder };
  } catch (cause) {
    if (cause instanceof InputError) throw cause;
    throw new InputError(`can't load env ${spec}: ${whatFailed(cause)}`, { cause });
  }
}

function environmentOf(exported: unknown, spec: string): ImportedEnvironment {
  const value: unknown = typeof exported === 'function' ? exported() : exported;
  if (typeof value === 'object' && value !== null) {
    if ('env' in value && 'rewards' in value)
      return { ...environmentOf(value.env, spec), rewards: (value as RecipeInput).rewards };
    if ('env' in value) return environmentOf(value.env, spec);
    if (isEnvironment(value)) return { env: value };
  }
  throw new InputError(
    `${spec} is no environment: its default export must be { name, tasks, prompt }, a function that makes one, or a recipe`,
  );
}

function noEnvironment(spec: string, names: readonly string[]): string {
  const kebab = names.map((name) => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`));
  const near = nearestNames(spec, kebab, 1);
  return `no env ${spec}: there is no such file, bundled environment or package export; ${near.length > 0 ? `did you mean ${near[0]}?` : `bundled are ${kebab.join(', ')}`}`;
}
