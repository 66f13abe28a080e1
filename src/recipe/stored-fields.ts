import { recipeFields } from './recipe-fields.ts';

/**
 * The fields of a recipe as an older version stored them, plain data: options that came later have their defaults. A field that
 * no schema reads as it stands, as the environment's name, is as it was.
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
