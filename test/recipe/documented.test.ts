import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { fieldPaths } from '../../src/options/schema-fields.ts';
import { recipeSchema } from '../../src/recipe/recipe.ts';

/** Fields told with the one that they stand in. */
const within =
  /^(rewards|algorithm\.(vespo\w+|covariance|klControl|adaptiveEntropy|samplerCorrection|dynamicSampling))\./;
/** Fields whose names are a user's: paths of fields, by method. */
const open = /^compare\.grid\./;
/** Groups, whose fields are told one by one. */
const groups = [
  'adapter',
  'sft',
  'draft',
  'algorithm',
  'algorithm.advantage',
  'sampling',
  'optimizer',
  'eval',
  'checkpoint',
  'rollouts',
  'metrics',
  'runtime',
  'compare',
  'compare.budget',
];

test('docs/recipe.md tells of every field of a recipe, and of no other', () => {
  // The table of schedules has their names in its first column.
  const page = readFileSync('docs/recipe.md', 'utf8').replace(
    /<!-- schedules,[\s\S]*<!-- end of schedules -->/,
    '',
  );
  const told = [...page.matchAll(/^\| (`[^|]*) \|/gm)].flatMap(([, cell]) =>
    [...cell!.matchAll(/`([\w.]+)`/g)].map((match) => match[1]!),
  );
  const fields = fieldPaths(recipeSchema).filter(
    (path) => !path.includes('<n>') && !within.test(path) && !open.test(path) && !groups.includes(path),
  );
  expect(told.toSorted()).toEqual(fields.toSorted());
  // What stands within another is named in its line.
  for (const path of fieldPaths(recipeSchema).filter((p) => within.test(p) && !p.endsWith('<n>'))) {
    const own = path.split('.').at(-1)!;
    expect(page, path).toMatch(new RegExp(`[\`{ ,]${own}[,: }\`]`));
  }
});
