import type { Grid } from '../../recipe/compare-settings.ts';

/** Fields of a recipe by their paths, with their values: `{ 'optimizer.lr': 0.001 }`. */
export type Settings = Readonly<Record<string, unknown>>;

/** Settings as overrides, as `--set` takes them. */
export const overridesFrom = (settings: Settings): string[] =>
  Object.entries(settings).map(([field, value]) => `${field}=${JSON.stringify(value)}`);

/** Every combination of a grid's values, in the order of the fields and of their values; one without any for no grid. */
export function crossed(grid: Grid): Settings[] {
  return Object.entries(grid).reduce<Settings[]>(
    (combinations, [field, values]) =>
      combinations.flatMap((settings) => values.map((value) => ({ ...settings, [field]: value }))),
    [{}],
  );
}
