import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { InputError } from '../../src/errors.ts';
import { importEnvironment } from '../../src/run/loading/import-environment.ts';
import { bundledRecipes } from '../../src/run/loading/import-recipe.ts';
import { loadRecipe, loadRunRecipe } from '../../src/run/loading/load-recipe.ts';
import type { Environment } from '../../src/types.ts';
import { banditRecipe } from '../pipeline/bandit.ts';
import { runBandit, temporaryFolder } from '../pipeline/run.ts';

const source = `
import { defineRecipe, InputError } from 'anneal';
import { arithmetic } from 'anneal/envs';
import { exactNumber } from 'anneal/rewards';

const length = ({ completions }: { completions: readonly string[] }) => completions.map((text) => -text.length);

export const ownError = InputError;
export default defineRecipe({
  name: 'mine',
  model: 'tiny',
  env: arithmetic(),
  rewards: [{ reward: exactNumber() }, { reward: length, weight: 0.1 }],
  optimizer: { lr: 1e-3 },
  steps: 10,
});
`;

let folder: string;
let file: string;

beforeAll(async () => {
  folder = await temporaryFolder();
  file = join(folder, 'mine.ts');
  writeFileSync(file, source);
});

describe('a recipe is found', () => {
  test('as a TypeScript file anywhere, which imports the running build', async () => {
    const { recipe, source: from } = await loadRecipe(file);
    expect(recipe).toMatchObject({ name: 'mine', steps: 10, method: 'afa-lora', sampling: { groupSize: 8 } });
    expect(recipe.env.name).toBe('arithmetic');
    expect(recipe.rewards.map(({ reward }) => reward.name)).toEqual(['exact_number', 'length']);
    expect(from).toEqual({ recipe: file, set: [] });
  });

  test('as a JavaScript file', async () => {
    const js = join(folder, 'plain.js');
    writeFileSync(js, source.replace(/: \{ completions.*?\}/, ''));
    expect((await loadRecipe(js)).recipe.name).toBe('mine');
  });

  test('by the name of a bundled one', async () => {
    expect(bundledRecipes()).toContain('arithmetic');
    const { recipe, source: from } = await loadRecipe('arithmetic');
    expect(recipe.name).toBe('arithmetic');
    expect(from.recipe).toBe('arithmetic');
  });

  test('as the export of an installed package', async () => {
    const root = join(folder, 'node_modules', 'my-recipes');
    mkdirSync(root, { recursive: true });
    writeFileSync(
      join(root, 'package.json'),
      '{"name":"my-recipes","type":"module","exports":{"./short":"./short.ts"}}',
    );
    writeFileSync(join(root, 'short.ts'), source);
    const before = process.cwd();
    process.chdir(folder);
    try {
      expect(await loadRecipe('my-recipes/short')).toMatchObject({
        recipe: { name: 'mine' },
        source: { recipe: 'my-recipes/short' },
      });
    } finally {
      process.chdir(before);
    }
  });

  test('again from the run folder it made, with what was set', async () => {
    const out = join(folder, 'run');
    const { source: from } = await loadRecipe(file, ['steps=3']);
    await runBandit(banditRecipe({ steps: 3 }), { out, source: from });
    expect((await loadRunRecipe(out)).recipe).toMatchObject({ name: 'mine', steps: 3 });
  });
});

test('what was set is recorded with paths that hold from any folder; other values as they stand', async () => {
  const { source: from } = await loadRecipe(file, [
    'model=test/fixtures/models',
    'name=a',
    'sampling.stop=["/"]',
    'steps=3',
  ]);
  expect(from.set).toEqual([
    `model=${JSON.stringify(resolve('test/fixtures/models'))}`,
    'name=a',
    'sampling.stop=["/"]',
    'steps=3',
  ]);
});

test('a path without a slash is pinned where a path is meant, and a word that only looks like one is not', async () => {
  const before = process.cwd();
  process.chdir(folder);
  try {
    mkdirSync('digits');
    const { source } = await loadRecipe(file, ['model=digits', 'name=digits']);
    expect(source.set).toEqual([`model=${JSON.stringify(resolve('digits'))}`, 'name=digits']);
  } finally {
    process.chdir(before);
  }
});

describe('relative paths in a recipe’s file', () => {
  const own = `import { countdown, dataset } from 'anneal/envs';
    export default { name: 'own', model: 'my-model', env: dataset({ path: 'data/rows.jsonl' }), rewards: [{ reward: () => [] }],
      optimizer: { lr: 1e-3 }, steps: 3 };`;
  let there: string;
  beforeAll(async () => {
    there = await temporaryFolder();
    mkdirSync(join(there, 'data'));
    mkdirSync(join(there, 'my-model'));
    writeFileSync(join(there, 'data/rows.jsonl'), '{"question": "there"}\n'.repeat(20));
    writeFileSync(join(there, 'own.ts'), own);
    writeFileSync(join(there, 'puzzles.jsonl'), '{"nums": [1, 2], "target": 3}\n'.repeat(20));
    writeFileSync(join(there, 'helper.ts'), own.replace("'data/rows", "'./data/rows"));
    writeFileSync(
      join(there, 'helped.ts'),
      `import own from './helper.ts'; export default { ...own, name: 'helped' };`,
    );
    for (const name of ['count.js', 'count.mjs'])
      writeFileSync(
        join(there, name),
        own.replace("dataset({ path: 'data/rows.jsonl' })", "countdown({ path: 'puzzles.jsonl' })"),
      );
  });

  const first = async (env: Environment) => {
    for (const split of ['train', 'test'] as const) for await (const task of env.tasks(split)) return task;
  };

  test.each(['own.ts', 'helped.ts'])('are taken from its folder, wherever it is loaded: %s', async (name) => {
    const { recipe } = await loadRecipe(join(there, name));
    expect(await first(recipe.env)).toMatchObject({ question: 'there' });
    expect(recipe.model).toBe(join(there, 'my-model'));
    const { env } = await importEnvironment(join(there, name));
    expect(await first(env)).toMatchObject({ question: 'there' });
  });

  test('that are not there are told with where they were looked for', async () => {
    writeFileSync(join(there, 'lost.ts'), own.replace('data/rows', 'data/lost'));
    const { recipe } = await loadRecipe(join(there, 'lost.ts'));
    await expect(first(recipe.env)).rejects.toThrow(
      `${join(there, 'data/lost.jsonl')} does not exist: the recipe's "data/lost.jsonl" is taken from the folder of its file`,
    );
  });

  test.each(['count.js', 'count.mjs'])('of puzzles, too, and in JavaScript: %s', async (name) => {
    const { recipe } = await loadRecipe(join(there, name));
    expect(await first(recipe.env)).toMatchObject({ nums: [1, 2] });
  });

  test('stay when other options are set; one that is set itself is taken from the working folder', async () => {
    const { recipe } = await loadRecipe(join(there, 'own.ts'), ['env.system=Think.']);
    expect(await first(recipe.env)).toMatchObject({ question: 'there' });
    const before = process.cwd();
    process.chdir(folder);
    try {
      mkdirSync('here');
      writeFileSync('here/rows.jsonl', '{"question": "here"}\n'.repeat(20));
      const { recipe, source } = await loadRecipe(join(there, 'own.ts'), ['env.path=here/rows.jsonl']);
      expect(await first(recipe.env)).toMatchObject({ question: 'here' });
      expect(source.set).toEqual([`env.path=${JSON.stringify(join(process.cwd(), 'here/rows.jsonl'))}`]);
    } finally {
      process.chdir(before);
    }
  });

  test('hold in an environment of one’s own that makes another when options are set', async () => {
    writeFileSync(
      join(there, 'wrapped.ts'),
      `import { dataset } from 'anneal/envs';
       const mine = (options = {}) => ({ ...dataset({ path: 'data/rows.jsonl', ...options }), name: 'mine', configure: mine });
       export default { name: 'w', model: 'tiny', env: mine(), rewards: [{ reward: () => [] }], optimizer: { lr: 1e-3 }, steps: 3 };`,
    );
    const { recipe } = await loadRecipe(join(there, 'wrapped.ts'), ['env.system=Think.']);
    expect(await first(recipe.env)).toMatchObject({ question: 'there' });
  });

  test('hold for a run that is looked at from elsewhere, and so does a model found in the folder where it began', async () => {
    const before = process.cwd();
    const out = join(folder, 'elsewhere');
    process.chdir(folder);
    try {
      mkdirSync('local-model');
      writeFileSync(join(there, 'local.ts'), own.replace('my-model', 'local-model'));
      const { recipe, source: from } = await loadRecipe(join(there, 'local.ts'));
      expect(recipe.model).toBe(join(process.cwd(), 'local-model'));
      await runBandit({ ...banditRecipe({ steps: 3 }), model: recipe.model }, { out, source: from });
      process.chdir(before);
      const { recipe: again } = await loadRunRecipe(out);
      expect(await first(again.env)).toMatchObject({ question: 'there' });
      expect(again.model).toBe(recipe.model);
    } finally {
      process.chdir(before);
    }
  });
});

describe('a recipe is refused, in one line', () => {
  const refused = async (spec: string, says: RegExp, set: string[] = []) => {
    const error = await loadRecipe(spec, set).catch((e) => e);
    expect(error).toBeInstanceOf(InputError);
    expect(error.message).toMatch(says);
    expect(error.message).not.toContain('\n');
  };

  test('when it does not exist, naming what does', async () => {
    await refused('arithmetics', /no recipe arithmetics: .*did you mean arithmetic\?/);
    await refused('./nowhere/zzzzzzzz.ts', /no recipe .*bundled are .*arithmetic/);
    await refused('tiny', /^tiny is a model: name a recipe, and the model with --model tiny$/);
    await refused('models/tiny', /^models\/tiny is a model/);
  });

  test('when it exports none', async () => {
    const other = join(folder, 'other.ts');
    writeFileSync(other, 'export const x = 1;');
    await refused(other, /is no recipe: it must have `export default defineRecipe/);
  });

  test('when it can’t be parsed, or throws', async () => {
    const broken = join(folder, 'broken.ts');
    writeFileSync(broken, 'export default {');
    await refused(broken, /can't load recipe .*broken.ts/);
    const throwing = join(folder, 'throwing.ts');
    writeFileSync(throwing, 'throw new Error("no token in the environment")');
    await refused(throwing, /can't load recipe .*throwing.ts: no token in the environment/);
  });

  test('when a field is out of range', async () => {
    await refused(file, /bad recipe: steps: .*\(got 0\)/, ['steps=0']);
  });

  test('when its run came from a program', async () => {
    const out = join(folder, 'by-program');
    await runBandit(banditRecipe({ steps: 1 }), { out });
    await expect(loadRunRecipe(out)).rejects.toThrow(
      /was made by a program's own train\(\), not from a recipe file/,
    );
  });
});

describe('--set', () => {
  const set = async (...overrides: string[]) => (await loadRecipe(file, overrides)).recipe;

  test('changes any field: numbers, text, lists, booleans, nested and absent ones', async () => {
    expect(
      await set(
        'optimizer.lr=2e-4',
        'name=other',
        'sampling.stop=["\\n"]',
        'adapter.rsLora=true',
        'adapter.schedule.fraction=0.5',
        'algorithm.clipEpsilonHigh=0.28',
        'rewards.1.weight=3',
        'adapter.targetModules=q_proj',
        'model="123"',
      ),
    ).toMatchObject({
      optimizer: { lr: 2e-4 },
      name: 'other',
      sampling: { stop: ['\n'] },
      adapter: { rsLora: true, schedule: { fraction: 0.5 }, targetModules: 'q_proj' },
      algorithm: { clipEpsilonHigh: 0.28 },
      rewards: [{ weight: 1 }, { weight: 3 }],
      model: '123',
    });
  });

  test('later ones win', async () => {
    expect((await set('steps=4', 'steps=5')).steps).toBe(5);
  });

  test('env.<option> configures the environment', async () => {
    const { env } = await set('env.kinds=["a+b*c"]', 'env.seed=4');
    for await (const task of env.tasks('train')) {
      expect(task.kind).toBe('a+b*c');
    }
    await expect(set('env.nonsense=1')).rejects.toThrow(/nonsense/);
  });

  test('an unknown field is refused with the nearest names', async () => {
    await expect(set('sampling.groupsize=4')).rejects.toThrow(
      '--set sampling.groupsize=4: a recipe has no field "sampling.groupsize"; did you mean sampling.groupSize',
    );
    await expect(set('lr=1')).rejects.toThrow(/no field "lr"/);
    await expect(set('steps.x=1')).rejects.toThrow(/no field "steps.x"/);
    await expect(set('zzzzzzzzzzzzzz=1')).rejects.toThrow(/fields are name, model, /);
    await expect(set('rewards.7.weight=1')).rejects.toThrow(/there are 2 items, the last is 1/);
    await expect(set('steps')).rejects.toThrow(/--set takes field=value/);
  });

  test('env options of an environment that takes none are refused', async () => {
    const fixed = join(folder, 'fixed.ts');
    writeFileSync(
      fixed,
      source.replace('env: arithmetic()', 'env: { ...arithmetic(), configure: undefined }'),
    );
    await expect(loadRecipe(fixed, ['env.seed=1'])).rejects.toThrow(/env "arithmetic" takes no options/);
  });
});
