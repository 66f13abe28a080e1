import { describe, expect, test } from 'vitest';
import { arithmetic, sloppyArithmetic } from '../../envs/index.ts';
import { InputError } from '../../src/errors.ts';
import type { Task } from '../../src/types.ts';
import { collect, validate } from './collect.ts';

const prompts = (tasks: readonly Task[]) => tasks.map((task) => String(task.prompt));
const compute = (expression: string) => Function(`return ${expression}`)() as number;

describe('arithmetic', () => {
  test('enumerates 8,448 distinct prompts, about a tenth of them held out', async () => {
    const train = prompts(await collect(arithmetic(), 'train'));
    const held = prompts(await collect(arithmetic(), 'test'));
    expect(train.length + held.length).toBe(8448);
    expect(new Set([...train, ...held]).size).toBe(8448);
    expect(held.length / 8448).toBeGreaterThan(0.09);
    expect(held.length / 8448).toBeLessThan(0.11);
  });

  test('the worked step and the answer are what JavaScript computes', async () => {
    for (const split of ['train', 'test'] as const) {
      for (const task of await collect(arithmetic(), split)) {
        const answer = compute(String(task.prompt).slice(0, -1));
        const [step, result] = String(task.target).split('=');
        expect(task.answer).toBe(answer);
        expect(Number(result)).toBe(answer);
        expect(compute(step!)).toBe(answer);
        expect(step!.match(/[-+*]/g)!.length).toBeLessThanOrEqual(2);
      }
    }
  });

  test('no prompt of one split is in the other, whatever the options', async () => {
    const held = new Set(prompts(await collect(arithmetic(), 'test')));
    const others = [
      { seed: 7 },
      { kinds: ['a-b*c' as const] },
      { a: [1, 50] as [number, number] },
      { factors: [2, 12] as [number, number] },
    ];
    for (const options of others) {
      const train = prompts(await collect(arithmetic(options), 'train'));
      expect(train.length).toBeGreaterThan(100);
      expect(train.filter((prompt) => held.has(prompt))).toEqual([]);
    }
  });

  test('the seed decides the order and nothing else', async () => {
    const first = prompts(await collect(arithmetic({ seed: 1 }), 'train'));
    expect(prompts(await collect(arithmetic({ seed: 1 }), 'train'))).toEqual(first);
    const other = prompts(await collect(arithmetic({ seed: 2 }), 'train'));
    expect(other).not.toEqual(first);
    expect([...other].sort()).toEqual([...first].sort());
  });

  test('every gold answer verifies', async () => {
    expect(await validate(arithmetic())).toEqual({ total: 8448, failures: [] });
  });

  test('configure changes one option and keeps the others', async () => {
    const env = arithmetic({ kinds: ['a+b*c'] }).configure!({ factors: [2, 3] });
    const tasks = [...(await collect(env, 'train')), ...(await collect(env, 'test'))];
    expect(tasks.length).toBe(30 * 4);
    expect(new Set(tasks.map((task) => task.kind))).toEqual(new Set(['a+b*c']));
  });

  test('a bad option is named with its value', () => {
    expect(() => arithmetic({ factors: [9, 2] })).toThrow(/factors.*low ≤ high/);
    expect(() => arithmetic().configure!({ kind: 'a+b' })).toThrow(InputError);
    expect(() => arithmetic().configure!({ seed: 'x' })).toThrow(/env arithmetic: seed.*"x"/);
  });
});

describe('sloppy arithmetic', () => {
  test('about half of the corpus ignores precedence, and every line has the right format', async () => {
    const tasks = await collect(sloppyArithmetic(), 'train', 7500);
    for (const task of tasks) expect(task.target).toMatch(/^-?\d+[-+*]-?\d+=-?\d+$/);
    const right = (kind: string) => {
      const own = tasks.filter((task) => task.kind === kind);
      const golds = own.filter((task) => task.target === gold(String(task.prompt), kind));
      return golds.length / own.length;
    };
    const shares = ['a+b*c', 'b*c+a', 'b*c-a', 'a-b*c', '(a+b)*c'].map(right);
    for (const share of shares) {
      expect(share).toBeGreaterThan(0.33);
      expect(share).toBeLessThan(0.57);
    }
  });

  test('no held-out prompt is in the corpus', async () => {
    const held = new Set(prompts(await collect(arithmetic(), 'test')));
    const corpus = prompts(await collect(sloppyArithmetic(), 'train', 16_000));
    expect(corpus.filter((prompt) => held.has(prompt))).toEqual([]);
  });

  test('each pass draws its mistakes anew, and the same ones for the same seed', async () => {
    const perPass = (await collect(arithmetic(), 'train')).length;
    const read = async (seed: number) =>
      (await collect(sloppyArithmetic({ seed }), 'train', 2 * perPass)).map((t) => `${t.prompt}${t.target}`);
    const lines = await read(3);
    expect(await read(3)).toEqual(lines);
    const passes = [lines.slice(0, perPass), lines.slice(perPass)].map((pass) => pass.sort());
    expect(passes[0]).not.toEqual(passes[1]);
    expect(new Set(prompts(await collect(sloppyArithmetic({ seed: 3 }), 'train', perPass))).size).toBe(
      perPass,
    );
  });

  test('its test split is the plain one', async () => {
    expect(await collect(sloppyArithmetic(), 'test')).toEqual(await collect(arithmetic(), 'test'));
  });
});

function gold(prompt: string, kind: string): string {
  const product = kind === '(a+b)*c' ? /\((\d+)\+(\d+)\)/ : /(\d+)\*(\d+)/;
  const step = prompt
    .slice(0, -1)
    .replace(product, (_, x, y) =>
      String(kind === '(a+b)*c' ? Number(x) + Number(y) : Number(x) * Number(y)),
    );
  return `${step}=${compute(step)}`;
}
