import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { gsm8k } from '../../envs/index.ts';
import { InputError } from '../../src/errors.ts';
import { collect, validate } from './collect.ts';

const row = (i: number) => ({
  question: `Ann has ${i} apples and buys ${i} more. How many has she?`,
  answer: `She has ${i}+${i}=<<${i}+${i}=${2 * i}>>${2 * i}.\n#### ${(2 * i).toLocaleString('en-US')}`,
});
const jsonl = (rows: readonly object[]) => rows.map((value) => JSON.stringify(value)).join('\n');

describe('gsm8k', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'gsm8k-'));
    writeFileSync(join(folder, 'train.jsonl'), jsonl(Array.from({ length: 200 }, (_, i) => row(i * 17))));
    writeFileSync(join(folder, 'test.jsonl'), `${jsonl([row(5000), row(6000)])}\n\n`);
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  test('a folder gives its two files, gold without separators and solutions without annotations', async () => {
    const tasks = await collect(gsm8k({ path: folder }), 'test');
    expect(tasks.map((task) => task.answer)).toEqual(['10000', '12000']);
    expect(tasks[0]!.id).toBe('test.jsonl:1');
    expect(gsm8k().target!(tasks[0]!)).toBe('She has 5000+5000=10000.\n#### 10,000');
    expect((await collect(gsm8k({ path: folder }), 'train')).length).toBe(200);
  });

  test('one file is split by question, with nothing in both', async () => {
    const env = gsm8k().configure!({ path: join(folder, 'train.jsonl') });
    const [train, held] = [await collect(env, 'train'), await collect(env, 'test')];
    expect(train.length + held.length).toBe(200);
    expect(held.length).toBeGreaterThan(5);
    const questions = new Set(train.map((task) => task.question));
    expect(held.filter((task) => questions.has(task.question))).toEqual([]);
  });

  test('the prompt is a system and a user turn', () => {
    const task = { id: '1', question: 'How many?', answer: '1' };
    expect(gsm8k({ system: 'Be brief.' }).prompt(task)).toEqual([
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content: 'How many?' },
    ]);
  });

  test('every gold answer verifies', async () => {
    expect(await validate(gsm8k({ path: folder }))).toEqual({ total: 202, failures: [] });
  });

  test('without data one line says where to get it and how to pass it', () => {
    expect(() => gsm8k().tasks('train')).toThrow(/openai\/grade-school-math.*--set env\.path=/);
    expect(() => gsm8k({ path: '/no/such/place' }).tasks('train')).toThrow(InputError);
  });

  test('a row that is not GSM8K is named by file and line', async () => {
    const bad = async (text: string) => {
      const file = join(folder, 'bad.jsonl');
      writeFileSync(file, text);
      await Promise.all([collect(gsm8k({ path: file }), 'train'), collect(gsm8k({ path: file }), 'test')]);
    };
    await expect(bad('{"question": "q"}')).rejects.toThrow(/bad\.jsonl:1.*"answer"/);
    await expect(bad('{"question": "q", "answer": "no mark"}')).rejects.toThrow(/bad\.jsonl:1.*####/);
    await expect(bad(`${JSON.stringify(row(1))}\n{oops`)).rejects.toThrow(/bad\.jsonl:2: not JSON/);
  });

  const real = process.env.GSM8K_DIR;
  test.skipIf(real === undefined)('every gold answer of the real data verifies (GSM8K_DIR)', async () => {
    const { total, failures } = await validate(gsm8k({ path: real! }));
    expect(failures).toEqual([]);
    expect(total).toBeGreaterThan(1000);
  });
});
