import { isDeepStrictEqual } from 'node:util';
import { adapter } from '../adapter/adapter-settings.ts';
import { algorithm } from '../algorithm/algorithm-settings.ts';
import { runtime } from '../engine/select/runtime-settings.ts';
import { metrics, type Recipe, type RecipeInput } from './recipe-fields.ts';

/** A field that nothing reads in a recipe, and why. */
interface Unread {
  readonly path: string;
  readonly why: string;
}

/** What decides which fields are read. */
interface Readers {
  readonly method: string;
  readonly engine: string;
}

/** The settings that recipes share between methods and engines, with their defaults. */
const defaults = {
  adapter: adapter.parse({}),
  algorithm: algorithm.parse({}),
  metrics: metrics.parse({}),
  runtime: runtime.parse({}),
};
const groups = ['adapter', 'algorithm', 'metrics', 'runtime'] as const;

const DEFAULT_METHOD = 'afa-lora';
const DEFAULT_ENGINE = 'auto';

/** Why a field, `adapter.rank`, is not read; undefined for one that is. */
export function whyUnread(field: string, { method, engine }: Readers): string | undefined {
  if (method === 'full' && /^adapter\.(?!init$)|^algorithm\.annealPer$/.test(field))
    return "method 'full' has no adapter";
  if (
    method === 'lora' &&
    /^(adapter\.(placement|activation|schedule\b.*)|algorithm\.annealPer)$/.test(field)
  )
    return "method 'lora' has no activation to anneal";
  if (method !== 'afa-lora' && field === 'metrics.annealKlTokens')
    return `method '${method}' does not anneal, so no anneal_kl is measured`;
  if (['node', 'gpu'].includes(engine) && field === 'runtime.device')
    return `engine '${engine}' has a device of its own; it is for engine 'onnx'`;
  if (['node', 'gpu'].includes(engine) && field === 'runtime.programCacheGB')
    return `engine '${engine}' compiles no programs`;
  return undefined;
}

/**
 * The fields that a recipe sets and its method or engine does not read. A field at its default counts as not set:
 * leaving it out would change nothing.
 */
export function unreadFields(recipe: Recipe): Unread[] {
  const readers = { method: recipe.method, engine: recipe.runtime.engine };
  return groups
    .flatMap((group) => changedFields(recipe[group], defaults[group], group))
    .flatMap((path) => {
      const why = whyUnread(path, readers);
      return why === undefined ? [] : [{ path, why }];
    });
}

/**
 * A recipe without the fields that only another method or engine than its own reads: for a recipe that is run with
 * another one than it was written for.
 */
export function withoutUnread<T extends Partial<RecipeInput> | Readonly<Record<string, unknown>>>(
  recipe: T,
  { method = methodOf(recipe), engine = engineOf(recipe) }: Partial<Readers> = {},
): T {
  const kept = groups.flatMap((group) => {
    const values = (recipe as Readonly<Record<string, unknown>>)[group];
    if (typeof values !== 'object' || values === null) return [];
    const read = Object.entries(values).filter(
      ([name]) => whyUnread(`${group}.${name}`, { method, engine }) === undefined,
    );
    return [[group, Object.fromEntries(read)] as const];
  });
  return { ...recipe, ...Object.fromEntries(kept) };
}

/** The method and the engine of a recipe whose defaults may be missing. */
export const methodOf = ({ method }: { readonly method?: unknown }): string =>
  typeof method === 'string' ? method : DEFAULT_METHOD;
export const engineOf = ({ runtime: given }: { readonly runtime?: unknown }): string => {
  const { engine } = (given ?? {}) as { readonly engine?: unknown };
  return typeof engine === 'string' ? engine : DEFAULT_ENGINE;
};

/** Paths of the fields whose value is another than the default. */
function changedFields(given: unknown, standard: unknown, path: string): string[] {
  if (isDeepStrictEqual(given, standard)) return [];
  if (!isGroup(given) || !isGroup(standard)) return [path];
  const names = new Set([...Object.keys(given), ...Object.keys(standard)]);
  return [...names].flatMap((name) => changedFields(given[name], standard[name], `${path}.${name}`));
}

const isGroup = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
