import { z } from 'zod';
import { nameRewards } from '../../environment/scoring/name-rewards.ts';
import { InputError } from '../../errors.ts';
import { writeFileAtomic } from '../../io/atomic-write.ts';
import { readJsonIfAny } from '../../io/read-json.ts';
import type { Recipe } from '../../recipe/recipe.ts';
import { withLaterDefaults } from '../../recipe/stored-fields.ts';
import { environmentSchema } from './environment-record.ts';
import { fingerprintSchema } from './fingerprint.ts';
import { hubSchema } from './hub-record.ts';

/** Where a recipe came from, so that it can be loaded again. */
const sourceSchema = z.object({
  /** A file's absolute path, the name of a bundled recipe, or a package export. */
  recipe: z.string(),
  /** Overrides as given on the command line, `a.b=value`, in order. */
  set: z.array(z.string()),
});
export type RecipeSource = z.output<typeof sourceSchema>;

const configSchema = z.object({
  /** Version of anneal that wrote the folder. */
  anneal: z.string(),
  /** null when the recipe was made by a program rather than loaded. */
  source: sourceSchema.nullable(),
  /** The resolved recipe as plain data: the environment and the rewards by name. */
  recipe: z.record(z.string(), z.unknown()),
  /** Left out by versions of anneal that did not look at data. */
  environment: environmentSchema.optional(),
  /** Files of the model that training began with; likewise. */
  model: z.array(fingerprintSchema).optional(),
  /** Commits of what lies on the hub; left out where nothing does. */
  hub: hubSchema.optional(),
});
export type RunConfig = z.output<typeof configSchema>;

/** A recipe without its code: the environment by name, rewards by name and weight; nor what only comparisons read. */
export function plainRecipe({ compare: _, ...recipe }: Recipe): Record<string, unknown> {
  const rewards = nameRewards(recipe.rewards).map(({ name, weight }) => ({ name, weight }));
  return JSON.parse(JSON.stringify({ ...recipe, env: recipe.env.name, rewards }));
}

export async function writeRunConfig(path: string, config: RunConfig): Promise<void> {
  await writeFileAtomic(path, `${JSON.stringify(config, null, 2)}\n`);
}

/** Reads a run folder's config.json. @throws InputError when it is missing or damaged. */
export async function readRunConfig(path: string): Promise<RunConfig> {
  const config = await readJsonIfAny(path, configSchema);
  if (config === undefined) throw new InputError(`${path} is missing: that is no run folder`);
  return { ...config, recipe: withLaterDefaults(config.recipe) };
}
