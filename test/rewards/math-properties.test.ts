import { afterAll, describe, expect, test } from 'vitest';
import { CheckPool, type Outcome } from '../../rewards/math/check-pool.ts';
import { defaultVerifyOptions as options, verify } from '../../rewards/math/verify.ts';
import { type RandomStream, randomStream } from '../../src/random.ts';

const pick = <T>(stream: RandomStream, items: readonly T[]): T =>
  items[Math.floor(stream.next() * items.length)]!;
const whole = (stream: RandomStream, low: number, high: number) =>
  low + Math.floor(stream.next() * (high - low + 1));

/** A formula as a tree, so that an identity can rewrite it anywhere. */
type Tree =
  | { op: 'leaf'; text: string }
  | { op: '+' | '-' | '*' | '/'; left: Tree; right: Tree }
  | { op: '^'; left: Tree; power: number }
  | { op: 'sqrt' | 'sin' | 'ln'; left: Tree; right?: never };

function randomTree(stream: RandomStream, depth: number): Tree {
  if (depth === 0) return { op: 'leaf', text: pick(stream, ['x', 'y', 'a', '2', '3', '5', '7', '\\pi']) };
  const left = randomTree(stream, depth - 1);
  const op = pick(stream, ['+', '-', '*', '*', '/', '+', '^', 'sqrt', 'sin', 'ln'] as const);
  if (op === '^') return { op, left, power: whole(stream, 2, 3) };
  if (op === 'sqrt' || op === 'sin' || op === 'ln') return { op, left };
  return { op, left, right: randomTree(stream, depth - 1) };
}

function latex(tree: Tree): string {
  if (tree.op === 'leaf') return tree.text;
  const left = `(${latex(tree.left)})`;
  if (tree.op === '^') return `${left}^{${tree.power}}`;
  if (tree.op === 'sqrt') return `\\sqrt{${left}^2+1}`;
  if (tree.op === 'sin') return `\\sin${left}`;
  if (tree.op === 'ln') return `\\ln(${left}^2+1)`;
  const right = `(${latex(tree.right!)})`;
  return tree.op === '/'
    ? `\\frac{${left}}{${right}^2+1}`
    : `${left}${tree.op === '*' ? '\\cdot ' : tree.op}${right}`;
}

const leaf = (text: string): Tree => ({ op: 'leaf', text });

/** The same value, written another way. */
function rewritten(tree: Tree, stream: RandomStream): Tree {
  if (tree.op === 'leaf') {
    const zero: Tree = { op: '-', left: leaf('4'), right: leaf('4') };
    return stream.next() < 0.3 ? { op: '+', left: tree, right: zero } : tree;
  }
  const left = rewritten(tree.left, stream);
  if (tree.op === '^') {
    const rest: Tree = tree.power === 2 ? left : { op: '^', left, power: tree.power - 1 };
    return stream.next() < 0.5 ? { op: '*', left: rest, right: left } : { ...tree, left };
  }
  if (tree.right === undefined) return { ...tree, left };
  const right = rewritten(tree.right, stream);
  if (tree.op === '+' || tree.op === '*') {
    if (tree.op === '*' && right.op === '+') {
      return {
        op: '+',
        left: { op: '*', left, right: right.left },
        right: { op: '*', left: right.right, right: left },
      };
    }
    return stream.next() < 0.5 ? { op: tree.op, left: right, right: left } : { op: tree.op, left, right };
  }
  if (tree.op === '-') return { op: '+', left: { op: '*', left: leaf('-1'), right }, right: left };
  return { op: '/', left, right };
}

describe('verify', () => {
  test('a formula rewritten by identities is equal', () => {
    const stream = randomStream(1, 'identities');
    for (let i = 0; i < 400; i++) {
      const tree = randomTree(stream, whole(stream, 1, 3));
      const [gold, other] = [`$${latex(tree)}$`, `So it is $\\boxed{${latex(rewritten(tree, stream))}}$.`];
      expect(verify(gold, other, options), `${gold} against ${other}`).toBe('right');
    }
  });

  test('a formula with something added is not equal', () => {
    const stream = randomStream(2, 'differences');
    for (let i = 0; i < 400; i++) {
      const tree = randomTree(stream, whole(stream, 1, 3));
      const extra = pick(stream, ['1', 'x', '\\frac{1}{1000}', 'y^2', '\\sqrt{2}', '10^{-12}']);
      const [gold, other] = [`$${latex(tree)}$`, `$\\boxed{(${latex(tree)})+${extra}}$`];
      expect(verify(gold, other, options), `${gold} against ${other}`).toBe('wrong');
    }
  });

  const spellings: ((n: number) => string)[] = [
    (n) => `${n}`,
    (n) => `$${n}$`,
    (n) => `The answer is ${n}.`,
    (n) => `\\boxed{${n}}`,
    (n) => `#### ${n}`,
    (n) => `x = ${n}`,
    (n) => `$\\frac{${3 * n}}{3}$`,
    (n) => `${n.toLocaleString('en-US')}`,
    (n) => `${n}.0`,
  ];

  test('a number is equal to itself however it is written, and to no other', () => {
    const stream = randomStream(3, 'numbers');
    for (let i = 0; i < 3000; i++) {
      const n = whole(stream, -20_000, 20_000);
      const other = n + pick(stream, [1, -1, 10, -100, 7, 1000, -2 * n || 3]);
      expect(verify(pick(stream, spellings)(n), pick(stream, spellings)(n), options), `${n}`).toBe('right');
      expect(
        verify(pick(stream, spellings)(n), pick(stream, spellings)(other), options),
        `${n} and ${other}`,
      ).toBe('wrong');
    }
  });
});

describe('CheckPool', () => {
  const pool = new CheckPool({ threads: 2, memoryMb: 256, timeMs: 2000 });
  afterAll(() => pool.close());

  const pieces = [
    ...[
      '\\frac',
      '\\sqrt',
      '\\boxed{',
      '{',
      '}',
      '(',
      ')',
      '[',
      ']',
      '$',
      '$$',
      '\\(',
      '\\)',
      '\\[',
      '\\]',
      '^',
      '_',
      '!',
      '|',
      '\\{',
      '\\}',
    ],
    ...[
      '\\left(',
      '\\right)',
      '\\begin{pmatrix}',
      '\\end{pmatrix}',
      '&',
      '\\\\',
      '\\text{',
      '\\sin',
      '\\log_',
      '\\sum_{k=1}^{',
      '\\int',
      '\\lim_{x\\to',
      'dx',
    ],
    ...[
      '\\cup',
      '\\in',
      '\\pm',
      '\\infty',
      '\\pi',
      '\\cdot',
      '=',
      '<',
      '\\le',
      '+',
      '-',
      '*',
      '/',
      ',',
      ';',
      ':',
      '%',
      '\\%',
      '°',
      '½',
      '²',
      '√',
      '\u202e',
      '\0',
      '😀',
    ],
    ...[
      'x',
      'e',
      'i',
      'f(',
      'and',
      'or',
      'answer is',
      'final answer is',
      'I hope',
      '####',
      '<answer>',
      '</answer>',
      ' ',
      '\n',
      '9',
      '10',
      '0',
      '1.5',
      '.',
      '99999999',
      '9^9^9',
    ],
  ];
  const noise = (stream: RandomStream) =>
    Array.from({ length: whole(stream, 0, 24) }, () => pick(stream, pieces)).join('');

  test('100,000 random texts never throw, hang or leak a worker', { timeout: 600_000 }, async () => {
    const stream = randomStream(4, 'noise');
    const checks = Array.from({ length: 100_000 }, (_, i) => ({
      gold: i % 2 === 0 ? '17' : noise(stream),
      prediction: noise(stream),
    }));
    const counts: Partial<Record<Outcome, number>> = {};
    for (let i = 0; i < checks.length; i += 5000) {
      for (const outcome of await pool.run(checks.slice(i, i + 5000), options))
        counts[outcome] = (counts[outcome] ?? 0) + 1;
      expect(pool.workers).toBeLessThanOrEqual(2);
    }
    console.log('100,000 random texts:', counts);
    expect(counts.exceeded ?? 0).toBe(0);
    expect(Object.values(counts).reduce((sum, n) => sum + n, 0)).toBe(100_000);
  });

  test('a check over its time costs only itself', async () => {
    const strict = new CheckPool({ threads: 1, memoryMb: 256, timeMs: 400 });
    // Unions are compared at every boundary of either: seconds for ten thousand intervals.
    const endless = { gold: '$(1,2)\\cup(3,4)$', prediction: `$${'(1,2)\\cup '.repeat(9_000)}(3,4)$` };
    const easy = { gold: '17', prediction: 'It is 17.' };
    // The first check warms the compiler up.
    for (let i = 0; i < 3; i++) await strict.run([easy], options);
    expect(await strict.run([easy, endless, easy, { ...easy, prediction: '18' }], options)).toEqual([
      'right',
      'exceeded',
      'right',
      'wrong',
    ]);
    expect(strict.workers).toBeLessThanOrEqual(1);
    await strict.close();
    expect(strict.workers).toBe(0);
  });
});
