import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
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
