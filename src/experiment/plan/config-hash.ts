import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import type { Recipe } from '../../recipe/recipe.ts';
import { withLaterDefaults } from '../../recipe/stored-fields.ts';
import { plainRecipe, type RunConfig } from '../../run/folder/config-file.ts';
import { environmentSchema, recordEnvironment } from '../../run/folder/environment-record.ts';
import { fingerprintSchema } from '../../run/folder/fingerprint.ts';
import { hubSchema, recordHub } from '../../run/folder/hub-record.ts';
import { recordModel } from '../../run/folder/model-record.ts';

/** What decides the digits of a run: the resolved recipe, its data and the files of its model. */
export const jobConfigSchema = z.object({
  recipe: z.record(z.string(), z.unknown()),
  environment: environmentSchema,
  model: z.array(fingerprintSchema),
  hub: hubSchema.optional(),
});
export type JobConfig = z.output<typeof jobConfigSchema>;

/** The config of a recipe's run. @throws InputError when its data or model can't be read. */
export async function configOf(recipe: Recipe): Promise<JobConfig> {
  const environment = await recordEnvironment(recipe.env);
  const model = await recordModel(recipe);
  const hub = await recordHub(recipe);
  return { recipe: plainRecipe(recipe), environment, model, ...(hub && { hub }) };
}

/** The same config with another seed. */
export const withSeed = (config: JobConfig, seed: number): JobConfig => ({
  ...config,
  recipe: { ...config.recipe, seed },
});

/** SHA-256 of a config, whatever the order of its fields. */
export const configHash = (config: JobConfig): string =>
  createHash('sha256')
    .update(JSON.stringify(sorted(config)))
    .digest('hex');

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, field]) => [name, sorted(field)]),
  );
}

/**
 * In what a config differs from the planned one, in words; nothing when in nothing. Options that the folder's version
 * of anneal did not know count as their defaults.
 */
export function configChanges(planned: JobConfig, found: Partial<RunConfig>): string[] {
  return [
    ...recipeChanges(planned.recipe, found.recipe ?? {}),
    ...changedFields(planned.environment.options, found.environment?.options, 'env'),
    ...(isDeepStrictEqual(planned.environment.files, found.environment?.files) ? [] : ['the data']),
    ...(isDeepStrictEqual(planned.model, found.model) ? [] : ['the files of the model']),
  ];
}

function recipeChanges(planned: JobConfig['recipe'], found: JobConfig['recipe']): string[] {
  // Filling in defaults takes a while, and most often nothing differs.
  if (isDeepStrictEqual(planned, found)) return [];
  return changedFields(withLaterDefaults(planned), withLaterDefaults(found), '');
}

function changedFields(planned: unknown, found: unknown, path: string): string[] {
  if (isDeepStrictEqual(planned, found)) return [];
  if (!isGroup(planned) || !isGroup(found))
    return [`${path} is ${JSON.stringify(found)}, planned ${JSON.stringify(planned)}`];
  const names = new Set([...Object.keys(planned), ...Object.keys(found)]);
  return [...names].flatMap((name) =>
    changedFields(planned[name], found[name], path === '' ? name : `${path}.${name}`),
  );
}

const isGroup = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
