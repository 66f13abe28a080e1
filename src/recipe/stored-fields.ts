import { recipeFields } from './recipe-fields.ts';

/**
 * Fills in the options that a recipe stored by an older version lacks, with their defaults. A field that its schema
 * cannot read, such as the environment's name, stays as it was.
 */
export function withLaterDefaults(stored: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(stored).map(([name, value]) => {
      const schema = Object.entries(recipeFields.shape).find(([field]) => field === name)?.[1];
      const parsed = schema?.safeParse(value);
      return [name, parsed?.success ? JSON.parse(JSON.stringify(parsed.data)) : value];
    }),
  );
}
