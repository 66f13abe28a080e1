import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { dataset, math, multipleChoice } from '../../envs/index.ts';
import { InputError } from '../../src/errors.ts';
import { collect, validate } from './collect.ts';

const lines = (rows: readonly object[]) => rows.map((row) => JSON.stringify(row)).join('\n');

describe('dataset', () => {
  let folder: string;
  const write = (name: string, content: string) => {
    writeFileSync(join(folder, name), content);
    return join(folder, name);
  };
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'dataset-'));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  test('columns are renamed, the prompt filled in, other columns kept', async () => {
    const path = write('q.csv', 'Frage,Antwort,level\nWie viel ist 2+2?,4,easy\nWie viel ist 3+3?,6,hard\n');
    const env = dataset({
      path,
      columns: { question: 'Frage', answer: 'Antwort' },
      template: '({level}) {question}',
      system: 'Rechne.',
    });
    const tasks = [...(await collect(env, 'train')), ...(await collect(env, 'test'))].sort((a, b) =>
      a.id.localeCompare(b.id),
    );
    expect(tasks.map((task) => task.answer)).toEqual(['4', '6']);
    expect(env.prompt(tasks[0]!)).toEqual([
      { role: 'system', content: 'Rechne.' },
      { role: 'user', content: '(easy) Wie viel ist 2+2?' },
    ]);
    expect(env.target!(tasks[1]!)).toBe('6');
    expect(await validate(env)).toEqual({ total: 2, failures: [] });
  });

  test('one file is shared out by prompt, a folder by its files', async () => {
    const rows = Array.from({ length: 300 }, (_, i) => ({
      question: `How much is ${i} + 1?`,
      answer: i + 1,
    }));
    const one = dataset({ path: write('all.jsonl', lines(rows)) });
    const [train, held] = [await collect(one, 'train'), await collect(one, 'test')];
    expect(train.length + held.length).toBe(300);
    expect(held.length).toBeGreaterThan(10);
    const train_ = new Set(train.map((task) => task.question));
    expect(held.filter((task) => train_.has(task.question))).toEqual([]);
    mkdirSync(join(folder, 'two'));
    write('two/train.jsonl', lines(rows));
    write('two/test.jsonl', lines(rows.slice(0, 7)));
    const two = dataset().configure!({ path: join(folder, 'two') });
    expect([(await collect(two, 'train')).length, (await collect(two, 'test')).length]).toEqual([300, 7]);
  });

  test('what is missing is named', async () => {
    expect(() => dataset().tasks('train')).toThrow(/needs its data.*--set env\.path=PATH/);
    expect(() => dataset({ path: join(folder, 'nowhere') }).tasks('train')).toThrow(/does not exist/);
    expect(() => dataset({ maxPromptTokens: 5 })).toThrow(/maxPromptTokens needs tokenizer/);
    expect(() => dataset().configure!({ colums: {} })).toThrow(InputError);
    const path = write('m.jsonl', lines(Array.from({ length: 40 }, (_, i) => ({ q: `${i}`, answer: 1 }))));
    await expect(collect(dataset({ path }), 'train')).rejects.toThrow(
      /m\.jsonl:1: field "question" is missing; the row has q, answer/,
    );
    await expect(collect(dataset({ path, columns: { question: 'frage' } }), 'train')).rejects.toThrow(
      /no column "frage"; it has q, answer/,
    );
    await expect(collect(dataset({ path, template: '{id}: {q}' }), 'train')).rejects.toThrow(
      /m\.jsonl:1: field "id" is missing; the row has q, answer/,
    );
  });

  test('prompts over the limit are dropped, cut at the front, or an error, counted by the tokenizer named', async () => {
    const rows = ['1+1=', '22+22=', '333+333='].map((question) => ({
      question,
      answer: 0,
      cutPrompt: 'mine',
    }));
    mkdirSync(join(folder, 'long'));
    write('long/train.jsonl', lines(rows));
    write('long/test.jsonl', lines(rows));
    const limited = (longPrompts: 'drop' | 'cut' | 'error') =>
      dataset({ path: join(folder, 'long'), maxPromptTokens: 6, longPrompts, tokenizer: 'tiny' });
    const prompts = async (env: ReturnType<typeof dataset>) =>
      (await collect(env, 'train')).map((task) => env.prompt(task)[0]!.content);
    expect(await prompts(limited('drop'))).toEqual(['1+1=', '22+22=']);
    expect(await prompts(limited('cut'))).toEqual(['1+1=', '22+22=', '3+333=']);
    await expect(prompts(limited('error'))).rejects.toThrow(/train\.jsonl:3.*8 tokens.*6/);
  });

  test('a gold answer that does not verify is told with its reason', async () => {
    const rows = [
      { question: 'a', answer: '5' },
      { question: 'b', answer: '???' },
    ];
    const { total, failures } = await validate(dataset({ path: write('bad.jsonl', lines(rows)) }));
    expect(total).toBe(2);
    expect(failures).toEqual([
      'bad.jsonl:2: gold "???" scores null: the reward can’t read it, or does not apply',
    ]);
  });
});

describe('math', () => {
  test("the answer is taken out of the solution's last box and verifies against it", async () => {
    const folder = mkdtempSync(join(tmpdir(), 'math-'));
    const rows = [
      { problem: 'Solve $x^2=4$.', solution: 'We get $x=\\pm2$, so \\boxed{-2,2}.' },
      {
        problem: 'Half of 3?',
        solution:
          'First \\boxed{3} is wrong, and it takes quite a lot more thought and patience before we finally see that it is $\\boxed{\\frac{3}{2}}$.',
      },
    ];
    writeFileSync(join(folder, 'train.jsonl'), lines(rows));
    writeFileSync(join(folder, 'test.jsonl'), lines(rows.slice(0, 1)));
    const env = math({ path: folder });
    expect((await collect(env, 'train')).map((task) => task.answer)).toEqual(['$-2,2$', '$\\frac{3}{2}$']);
    expect(await validate(env)).toEqual({ total: 3, failures: [] });
    writeFileSync(join(folder, 'test.jsonl'), lines([{ problem: 'p', solution: 'none' }]));
    await expect(collect(env, 'test')).rejects.toThrow(/test\.jsonl:1: the answer has no \\boxed/);
    rmSync(folder, { recursive: true });
  });
});

const samples = process.env.DATA_DIR;
describe.skipIf(samples === undefined)('recorded data (DATA_DIR is not set)', () => {
  test.each(['boolq', 'openbookqa'])('every gold answer of %s verifies', async (name) => {
    const { total, failures } = await validate(
      multipleChoice({ path: join(samples ?? '', 'commonsense', name) }),
    );
    expect(failures).toEqual([]);
    expect(total).toBe(2150);
  });
});
