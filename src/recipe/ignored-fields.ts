import { isDeepStrictEqual } from 'node:util';
import { adapter } from '../adapter/adapter-settings.ts';
import { algorithm } from '../algorithm/algorithm-settings.ts';
import { runtime } from '../engine/select/runtime-settings.ts';
import type { Recipe } from './recipe-fields.ts';

/** Fields that nothing reads in a recipe, and why. */
export interface Ignored {
  readonly fields: readonly string[];
  readonly why: string;
}

/** The settings that a recipe shares between methods and engines, with their defaults. */
const defaults = { adapter: adapter.parse({}), algorithm: algorithm.parse({}), runtime: runtime.parse({}) };

/** What only an annealed adapter reads. */
const ofAnnealing = /^(adapter\.(placement|activation|schedule\b.*)|algorithm\.annealPer)$/;

/**
 * The fields that a recipe sets and its method or engine does not read. A field at its default counts as not set:
 * leaving it out would change nothing.
 */
export function ignoredFields(recipe: Recipe): Ignored[] {
  const set = Object.entries(defaults).flatMap(([group, values]) =>
    changedFields(recipe[group as keyof typeof defaults], values, group),
  );
  const { method } = recipe;
  const { engine } = recipe.runtime;
  const found: Ignored[] = [
    {
      fields: set.filter(
        (field) => method === 'full' && /^adapter\.(?!init$)|^algorithm\.annealPer$/.test(field),
      ),
      why: "method 'full' has no adapter",
    },
    {
      fields: set.filter((field) => method === 'lora' && ofAnnealing.test(field)),
      why: "method 'lora' has no activation to anneal",
    },
    {
      fields: set.filter((field) => ['node', 'gpu'].includes(engine) && field === 'runtime.device'),
      why: `engine '${engine}' has a device of its own; runtime.device is that of engine 'onnx'`,
    },
    {
      fields: set.filter((field) => ['node', 'gpu'].includes(engine) && field === 'runtime.programCacheGb'),
      why: `engine '${engine}' compiles no programs`,
    },
  ];
  return found.filter(({ fields }) => fields.length > 0);
}

/** Paths of the fields whose value is another than the default. */
function changedFields(given: unknown, standard: unknown, path: string): string[] {
  if (isDeepStrictEqual(given, standard)) return [];
  if (!isGroup(given) || !isGroup(standard)) return [path];
  const names = new Set([...Object.keys(given), ...Object.keys(standard)]);
  return [...names].flatMap((name) => changedFields(given[name], standard[name], `${path}.${name}`));
}

const isGroup = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
