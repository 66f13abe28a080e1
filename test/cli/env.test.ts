import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { anneal } from './command-line.ts';

describe('anneal env check', () => {
  let folder: string;
  const write = (name: string, text: string) => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'env-'));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  test('a bundled environment: share that verifies, prompt lengths, what would be truncated', async () => {
    const { code, out } = await anneal([
      'env',
      'check',
      'arithmetic',
      '--set',
      'kinds=["a+b*c"]',
      '--max-prompt-length',
      '6',
    ]);
    expect(code).toBe(0);
    const text = out.join('\n');
    expect(text).toMatch(/^environment +arithmetic$/m);
    expect(text).toMatch(/^gold answers +1,920 of 1,920 verify \(100\.0 %\)$/m);
    expect(text).toMatch(
      /^train prompts +1,\d{3} tasks, 6 to 7 characters, median 7; 1,\d{3} would be truncated$/m,
    );
  });

  test('in characters it does not guess what would be truncated', async () => {
    const { out } = await anneal(['env', 'check', 'arithmetic', '--limit', '20']);
    expect(out.join('\n')).toMatch(
      /characters, median 7; --tokenizer MODEL tells how many would be truncated/,
    );
  });

  test('as JSON, in tokens', async () => {
    const { out } = await anneal([
      'env',
      'check',
      'arithmetic',
      '--limit',
      '20',
      '--tokenizer',
      'models/tiny',
      '--json',
    ]);
    const report = JSON.parse(out[0]!);
    expect(report.gold).toEqual({ graded: 40, verified: 40 });
    expect(report.splits.test.tasks).toBe(20);
    expect(report.splits.test.longest).toBeLessThan(12);
    expect(report.splits.test.truncated).toBe(0);
  });

  test('a gold answer that fails is shown with its reason, and the exit code tells', async () => {
    const rows = Array.from({ length: 30 }, (_, i) => ({
      question: `What is ${i} + 1?`,
      answer: i === 3 ? 'unknown???' : String(i + 1),
    }));
    const path = write('rows.jsonl', rows.map((row) => JSON.stringify(row)).join('\n'));
    const { code, out } = await anneal(['env', 'check', 'dataset', '--set', `env.path=${path}`]);
    expect(code).toBe(1);
    expect(out.join('\n')).toMatch(/29 of 30 verify[\s\S]*rows\.jsonl:4: gold "unknown\?\?\?" scores null/);
  });

  test('the limit is of each split: gold answers of the test split are graded, too', async () => {
    const data = join(folder, 'limit');
    mkdirSync(data);
    const rows = (answer: string) =>
      Array.from({ length: 30 }, (_, i) => JSON.stringify({ question: `${i}`, answer })).join('\n');
    writeFileSync(join(data, 'train.jsonl'), rows('1'));
    writeFileSync(join(data, 'test.jsonl'), rows('unknown???'));
    const { code, out } = await anneal(['env', 'check', 'dataset', '--set', `path=${data}`, '--limit', '10']);
    expect(code).toBe(1);
    expect(out.join('\n')).toMatch(/10 of 20 verify/);
  });

  /** A folder whose splits both have these rows. */
  const data = (name: string, rows: readonly object[] | Buffer) => {
    mkdirSync(join(folder, name));
    const text = Buffer.isBuffer(rows) ? rows : rows.map((row) => JSON.stringify(row)).join('\n');
    for (const split of ['train', 'test']) writeFileSync(join(folder, name, `${split}.jsonl`), text);
    return ['env', 'check', 'dataset', '--set', `path=${join(folder, name)}`];
  };

  test('rows without an answer suit a run that needs none: it says so', async () => {
    const { code, out } = await anneal(data('bare', [{ question: 'a' }, { question: 'b', answer: null }]));
    expect(code).toBe(0);
    const text = out.join('\n');
    expect(text).toMatch(/^gold answers +not graded: no task has a target$/m);
    expect(text).toMatch(/2 have no target, which SFT needs: .*train\.jsonl:1: field "answer" is missing/);
    expect(text).toMatch(/such as +"a"$/m);
  });

  test('a row without an answer among others fails, and so does a null', async () => {
    const rows = [
      { question: 'a', answer: '1' },
      { question: 'b', answer: null },
    ];
    const { code, out } = await anneal(data('mixed', rows));
    expect(code).toBe(1);
    expect(out.join('\n')).toMatch(/2 of 4 verify[\s\S]*train\.jsonl:2: .*field "answer" is null/);
  });

  test('a reward of a recipe grades the targets that there are', async () => {
    const [, , , , path] = data('some', [{ question: 'a', answer: '1' }, { question: 'b' }]);
    const recipe = write(
      'some.ts',
      `import { dataset } from 'anneal/envs';
       const one = ({ completions }) => completions.map((text) => (text === '1' ? 1 : 0));
       export default { name: 'r', env: dataset({ ${path!.replace('=', ": '")}' }), rewards: [{ reward: one }] };`,
    );
    const { out } = await anneal(['env', 'check', recipe]);
    expect(out.join('\n')).toMatch(/^by one +2 of 2 targets are right$/m);
  });

  test('conversations that the policy continues are counted', async () => {
    const turn = (role: string) => ({ role, content: 'x' });
    const rows = [{ prompt: [turn('user'), turn('assistant')] }, { prompt: [turn('user')] }];
    const { code, out } = await anneal([...data('chat', rows), '--set', 'template={prompt}']);
    expect(code).toBe(0);
    expect(out.join('\n')).toMatch(/1 end with a turn of the assistant, which the policy continues/);
  });

  test.each([
    ['structure', [{ question: ['a'] }], /train\.jsonl:1: field "question" is a list/],
    [
      'twins',
      [
        { id: 1, question: 'a' },
        { id: 1, question: 'b' },
      ],
      /train\.jsonl:2: the id "1" is that of a row/,
    ],
    ['latin', Buffer.from('{"question": "caf\xe9"}', 'latin1'), /train\.jsonl:1: byte 0xE9 .*is not UTF-8/],
    ['wide', Buffer.from('\ufeff{"question": "a"}', 'utf16le'), /train\.jsonl:1: the file is UTF-16/],
    ['pointer', Buffer.from('version https://git-lfs.github.com/spec/v1\nsize 5\n'), /is a git-lfs pointer/],
  ])('data that can’t be used is one line and exit code 2: %s', async (name, rows, message) => {
    const { code, err } = await anneal(data(name, rows));
    expect(code).toBe(2);
    expect(err).toHaveLength(1);
    expect(err[0]).toMatch(message);
  });

  test.each([
    [
      '() => { throw new Error("bad option"); }',
      /env "e": configure\(\) failed: bad option \(at .*own-\d+\.ts/,
    ],
    ['() => undefined', /env "e": configure\(\) must give the environment with those options/],
  ])('configure as %s is refused', async (configure, message) => {
    const own = write(
      `own-${configure.length}.ts`,
      `export default { name: 'e', async *tasks() { yield { id: '1' }; }, prompt: () => [{ role: 'user', content: 'hi' }], configure: ${configure} };`,
    );
    const { code, err } = await anneal(['env', 'check', own, '--set', 'x=1']);
    expect(code).toBe(2);
    expect(err.join()).toMatch(message);
  });

  test('a task of each split is shown, as asked and as it should be answered; a recipe’s own reward grades too', async () => {
    const recipe = write(
      'recipe.ts',
      `import { arithmetic } from 'anneal/envs';
       const long = ({ completions }) => completions.map((text) => (text.length > 7 ? 1 : 0));
       export default { name: 'r', env: arithmetic(), rewards: [{ reward: long }] };`,
    );
    const { code, out } = await anneal(['env', 'check', recipe, '--limit', '50']);
    expect(code).toBe(0);
    const text = out.join('\n');
    expect(text).toMatch(/^ +such as +"[\d+*()-]+=" → "[\d+*-]+=-?\d+"$/m);
    expect(text).toMatch(/^by long +\d+ of 100 targets are right, but not \S+: "[^"]{1,7}" scores 0$/m);
  });

  test.each([
    ['() => []', /validate\(\) yielded no verdict/],
    ['() => true', /validate\(\) failed: it must yield \{ task, ok, why\? \}/],
    ['async function* () { yield { ok: true }; }', /validate\(\) yielded \{"ok":true\}; it must yield/],
    ['() => { throw new Error("no gold"); }', /validate\(\) failed: no gold \(at .*wrong-\d+\.ts/],
    ['async function* () { throw new Error("none"); }', /validate\(\) failed: none \(at .*wrong-\d+\.ts/],
  ])('validate as %s is refused', async (validate, message) => {
    const file = write(
      // A file is imported once.
      `wrong-${validate.length}.ts`,
      `export default { name: 'e', async *tasks() { yield { id: '1' }; }, prompt: () => [{ role: 'user', content: 'hi' }], validate: ${validate} };`,
    );
    const { code, err } = await anneal(['env', 'check', file]);
    expect(code).toBe(2);
    expect(err.join()).toMatch(message);
  });

  test("an environment of one's own: a file that exports it, a maker of it, or a recipe", async () => {
    const own = `{ name: 'own', async *tasks() { yield { id: '1', q: 'hi' }; }, prompt: (task) => [{ role: 'user', content: task.q }] }`;
    const files = [
      write('a.ts', `export default ${own};`),
      write('b.ts', `export default () => (${own});`),
      write('c.ts', `export default { name: 'r', env: ${own} };`),
    ];
    for (const file of files) {
      const { code, out } = await anneal(['env', 'check', file]);
      expect(code).toBe(0);
      expect(out.join('\n')).toMatch(/environment +own\ngold answers +not graded/);
    }
  });

  test('bad input is one line', async () => {
    const cases: [string[], RegExp][] = [
      [['gsm9k'], /no env gsm9k.*did you mean gsm8k\?/],
      [['gsm8k'], /env gsm8k needs its data/],
      [['arithmetic', '--set', 'sed=1'], /env arithmetic: .*sed/],
      [['gsm8k', '--set', 'pth=x'], /env gsm8k: .*pth/],
      [['arithmetic', '--limit', 'x'], /--limit takes a whole number/],
      [[write('d.ts', 'export default 5;')], /is no environment/],
    ];
    for (const [args, message] of cases) {
      const { code, err } = await anneal(['env', 'check', ...args]);
      expect(code).toBe(2);
      expect(err).toHaveLength(1);
      expect(err[0]).toMatch(message);
    }
  });
});
