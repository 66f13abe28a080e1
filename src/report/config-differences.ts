type Config = Readonly<Record<string, unknown>>;

/** Fields of a recipe by their paths, as `--set` takes them; lists are values. */
export function flatFields(config: Config, prefix = ''): Map<string, unknown> {
  const fields = new Map<string, unknown>();
  for (const [name, value] of Object.entries(config)) {
    const path = prefix === '' ? name : `${prefix}.${name}`;
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
      for (const [inner, field] of flatFields(value as Config, path)) fields.set(inner, field);
    } else fields.set(path, value);
  }
  return fields;
}

/** A field and its value in each configuration; undefined where one lacks it. */
export interface Difference {
  readonly path: string;
  readonly values: readonly unknown[];
}

/** The fields in which configurations differ, in order of first appearance. */
export function configDifferences(configs: readonly Config[]): Difference[] {
  const flat = configs.map((config) => flatFields(config));
  const paths = [...new Set(flat.flatMap((fields) => [...fields.keys()]))];
  return paths
    .map((path) => ({ path, values: flat.map((fields) => fields.get(path)) }))
    .filter(({ values }) => new Set(values.map((value) => JSON.stringify(value))).size > 1);
}
