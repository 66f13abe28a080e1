import { existsSync, readdirSync, statSync } from 'node:fs';
import { dirname, extname, isAbsolute, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { createJiti } from 'jiti';
import { whatFailed } from '../../environment/user-code/what-failed.ts';
import { InputError } from '../../errors.ts';
import { pathsFrom } from '../../io/given-path.ts';
import { packageRoot } from '../../io/package-root.ts';
import { givenModelPath } from '../../model/config/model-path.ts';
import { nearestNames } from '../../options/nearest-names.ts';
import { isRunFolder } from '../folder/paths.ts';

/** A recipe module's default export, and the name by which it can be imported again. */
export interface ImportedRecipe {
  readonly exported: unknown;
  /** A file's absolute path, a bundled recipe's name, or a package export. */
  readonly name: string;
  /**
   * Where a recipe's own file lies, from which its relative paths go; undefined for bundled ones and those of packages.
   */
  readonly folder: string | undefined;
}

const BUNDLED = fileURLToPath(new URL('recipes/', packageRoot));

/**
 * Imports a recipe: a file (.ts or .js), the name of a bundled recipe, or a package export. `anneal`, `anneal/rewards`
 * and `anneal/envs` are the running build's own, wherever the recipe lies. Relative paths in a recipe's own file go
 * from its folder.
 * @throws InputError when there is no such recipe, it can't be loaded, or it has no default export.
 */
export async function importRecipe(spec: string): Promise<ImportedRecipe> {
  const jiti = createJiti(pathToFileURL(join(process.cwd(), 'anneal')).href, {
    virtualModules: await ownModules(),
  });
  const { name, file } = locate(spec, (id) => jiti.esmResolve(id, { try: true }));
  const folder = name === file ? dirname(file) : undefined;
  let module: unknown;
  try {
    module = await pathsFrom(folder, () => jiti.import(file));
  } catch (cause) {
    throw new InputError(
      `can't load recipe ${spec}: ${whatFailed(cause)
        .trim()
        .replace(/\s*\n\s*/g, ' ')}`,
      { cause },
    );
  }
  const exported = (module as { default?: unknown } | undefined)?.default;
  if (typeof exported !== 'object' || exported === null || !('env' in exported)) {
    throw new InputError(`${spec} is no recipe: it must have \`export default defineRecipe({ … })\``);
  }
  return { exported, name, folder };
}

function locate(
  spec: string,
  resolvePackage: (id: string) => string | undefined,
): { name: string; file: string } {
  const path = resolve(spec);
  if (existsSync(path) && statSync(path).isFile()) return { name: path, file: path };
  const bundled = join(BUNDLED, `${spec}.ts`);
  if (!looksLikePath(spec)) {
    if (existsSync(bundled)) return { name: spec, file: bundled };
    const exported = resolvePackage(spec);
    if (exported !== undefined) return { name: spec, file: exported };
  }
  if (isRunFolder(spec))
    throw new InputError(`${spec} is a run: go on with it by --resume, or name a recipe`);
  if (existsSync(join(givenModelPath(spec), 'config.json')))
    throw new InputError(`${spec} is a model: name a recipe, and the model with --model ${spec}`);
  const names = bundledRecipes();
  const near = nearestNames(spec.replace(/^.*\/|\.[jt]s$/g, ''), names, 1);
  throw new InputError(
    `no recipe ${spec}: there is no such file, bundled recipe or package export; ${near.length > 0 ? `did you mean ${near[0]}?` : `bundled are ${names.join(', ')}`}`,
  );
}

function looksLikePath(spec: string): boolean {
  return isAbsolute(spec) || spec.startsWith('.') || ['.ts', '.js', '.mts', '.mjs'].includes(extname(spec));
}

/** Names of the recipes that come with anneal. */
export function bundledRecipes(): string[] {
  if (!existsSync(BUNDLED)) return [];
  return readdirSync(BUNDLED)
    .filter((file) => file.endsWith('.ts'))
    .map((file) => file.slice(0, -'.ts'.length))
    .sort();
}

/** The modules of the running build, as source (.ts) or installed (.js). */
export async function ownModules(): Promise<Record<string, unknown>> {
  const extension = extname(fileURLToPath(import.meta.url));
  const own = (path: string) => import(new URL(`../../../${path}/index${extension}`, import.meta.url).href);
  return {
    anneal: await own('src'),
    'anneal/rewards': await own('rewards'),
    'anneal/envs': await own('envs'),
  };
}
