import { recipeFields } from './recipe-fields.ts';

/** What stored recipes leave out: only comparisons read it. */
const UNSTORED = new Set(['compare']);

/**
 * Fills in the fields and options that a recipe stored by an older version lacks, with their defaults. A field that its
 * schema cannot read, such as the environment's name, stays as it was; one without a default stays out.
 */
export function withLaterDefaults(stored: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const filled: Record<string, unknown> = {
    ...stored,
    ...(stored.sampling !== undefined && { sampling: renamed(stored.sampling) }),
  };
  for (const [name, schema] of Object.entries(recipeFields.shape)) {
    if (UNSTORED.has(name)) continue;
    const parsed = schema.safeParse(filled[name]);
    if (parsed.success && parsed.data !== undefined) filled[name] = JSON.parse(JSON.stringify(parsed.data));
  }
  return filled;
}

/** `shuffleTasks: 0` of older versions is the environment's order; other windows have no name any more. */
function renamed(sampling: unknown): unknown {
  const { shuffleTasks, ...rest } = sampling as Readonly<Record<string, unknown>>;
  return shuffleTasks === 0 ? { ...rest, shuffle: false } : sampling;
}
