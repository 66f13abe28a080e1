import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

/**
 * The storeys of src, from the ground up: a folder imports only from those before it in its row's order, type imports
 * included. Whoever adds a folder gives it a place here.
 */
const storeys = [
  ...[
    'errors.ts',
    'types.ts',
    'random.ts',
    'io',
    'options',
    'hub',
    'engine',
    'model',
    'adapter',
    'algorithm',
  ],
  ...[
    'environment',
    'rollout',
    'causal-lm',
    'recipe',
    'policy',
    'workers',
    'evaluation',
    'run',
    'serve',
    'report',
    'pipeline',
    'experiment',
    'index.ts',
    'cli',
  ],
];

/** No folder holds more files than a person takes in at a glance. */
const MOST_FILES = 20;

const root = fileURLToPath(new URL('..', import.meta.url));
const folders = ['src', 'rewards', 'envs', 'recipes'];
const files = folders.flatMap((folder) =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.tsx?$/.test(name))
    .map((name) => join(folder, name)),
);

/** The files that each file imports, types included. */
const imports = new Map(
  files.map((file) => {
    const text = readFileSync(join(root, file), 'utf8');
    const specifiers = [...text.matchAll(/(?:from|import\(|^import)\s*'(\.{1,2}\/[^']+)'/gm)];
    return [file, specifiers.map((match) => normalize(join(dirname(file), match[1]!)))] as const;
  }),
);

test('every import of src goes down to a lower storey', () => {
  const storeyOf = (file: string) => storeys.indexOf(file.split('/')[1]!);
  const inSrc = files.filter((file) => file.startsWith('src/'));
  expect(inSrc.filter((file) => storeyOf(file) === -1)).toEqual([]);
  const upward = inSrc.flatMap((file) =>
    imports
      .get(file)!
      .filter((target) => !target.startsWith('src/') || storeyOf(target) > storeyOf(file))
      .map((target) => `${file} imports ${target}`),
  );
  expect(upward).toEqual([]);
});

test('files import each other in one direction', () => {
  expect(circles(imports)).toEqual([]);
});

test('folders import each other in one direction', () => {
  // Files right below src are storeys by themselves.
  const folderOf = (file: string) => (dirname(file) === 'src' ? file : dirname(file));
  const byFolder = new Map<string, Set<string>>();
  for (const [file, targets] of imports) {
    const own = byFolder.get(folderOf(file)) ?? new Set();
    for (const target of targets) if (folderOf(target) !== folderOf(file)) own.add(folderOf(target));
    byFolder.set(folderOf(file), own);
  }
  expect(circles(byFolder)).toEqual([]);
});

test(`no folder holds more than ${MOST_FILES} files`, () => {
  const counts: Record<string, number> = {};
  for (const file of files) counts[dirname(file)] = (counts[dirname(file)] ?? 0) + 1;
  expect(Object.entries(counts).filter(([, count]) => count > MOST_FILES)).toEqual([]);
});

/** Every group of nodes that lead back to themselves, in the order of a walk (Tarjan's algorithm). */
function circles(graph: ReadonlyMap<string, Iterable<string>>): string[][] {
  const [index, low, path] = [new Map<string, number>(), new Map<string, number>(), [] as string[]];
  const found: string[][] = [];
  const visit = (node: string): void => {
    index.set(node, index.size);
    low.set(node, index.get(node)!);
    path.push(node);
    for (const next of graph.get(node) ?? []) {
      if (!index.has(next)) visit(next);
      if (path.includes(next)) low.set(node, Math.min(low.get(node)!, low.get(next)!));
    }
    if (low.get(node) !== index.get(node)) return;
    const group = path.splice(path.indexOf(node));
    if (group.length > 1) found.push(group);
  };
  for (const node of graph.keys()) if (!index.has(node)) visit(node);
  return found;
}
