import { InputError } from '../errors.ts';
import { issueLines } from '../options/issue-lines.ts';
import { type Recipe, type RecipeInput, recipeFields } from './recipe-fields.ts';
import { recipeIssues } from './recipe-issues.ts';

export type { Recipe, RecipeInput } from './recipe-fields.ts';

/** The schema of a recipe: `--set` looks up field names in its shape. */
export const recipeSchema = recipeFields.superRefine((recipe, context) => {
  for (const issue of recipeIssues(recipe)) {
    context.addIssue({ code: 'custom', ...issue, path: [...issue.path] });
  }
});

/**
 * Parses a recipe and fills in its defaults.
 * @throws InputError naming every field that is unknown, missing or out of range, with the value given.
 */
export function parseRecipe(input: unknown): Recipe {
  const result = recipeSchema.safeParse(input, { reportInput: true });
  if (result.success) return withOrder(result.data);
  throw new InputError(`bad recipe: ${issueLines(result.error, recipeSchema, 'recipe').join('; ')}`);
}

/** Says whether tasks are shuffled where the recipe does not. */
function withOrder(recipe: Recipe): Recipe {
  const { shuffle = recipe.env.rows === true } = recipe.sampling;
  return { ...recipe, sampling: { ...recipe.sampling, shuffle } };
}

/** Identity with types: what a recipe file exports by default. */
export function defineRecipe(recipe: RecipeInput): RecipeInput {
  return recipe;
}
