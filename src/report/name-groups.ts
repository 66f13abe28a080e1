import { configDifferences, flatFields } from './config-differences.ts';
import { settingText } from './format.ts';

/** Fields that do not change what is learnt, or, as the seed, how a group's runs differ. */
const APART = /^(seed|name|eval|checkpoint|rollouts|runtime(?!\.baseDtype))(\.|$)/;

/**
 * Names each run's group: runs whose recipes differ in the seed alone are one. The name is the method, and the fields
 * in which the groups of the same method differ.
 */
export function groupNames(recipes: readonly Readonly<Record<string, unknown>>[]): string[] {
  const bare = recipes.map((recipe) =>
    Object.fromEntries([...flatFields(recipe)].filter(([path]) => !APART.test(path))),
  );
  return bare.map((fields) => {
    const peers = bare.filter((other) => other.method === fields.method && other.model === fields.model);
    const own = configDifferences(peers).map(
      ({ path }) => `${path.split('.').at(-1)}=${settingText(fields[path])}`,
    );
    const model = new Set(bare.map((other) => other.model)).size > 1 ? [lastPart(String(fields.model))] : [];
    return [String(fields.method), ...model, ...own].join(' ');
  });
}

const lastPart = (path: string) => path.split('/').at(-1)!;
