import { describe, expect, test } from 'vitest';
import { defaultVerifyOptions as options, verify } from '../../../rewards/math/verify.ts';
import { type RandomStream, randomStream } from '../../../src/random.ts';
import { pick, whole } from '../random-pick.ts';

/** A formula as a tree, so that an identity can rewrite it anywhere. Every formula is real wherever it is defined. */
type Tree =
  | { op: 'leaf'; text: string }
  | { op: '+' | '-' | '*' | '/'; left: Tree; right: Tree }
  | { op: '^'; left: Tree; power: number }
  | { op: 'sqrt' | 'sin' | 'cos' | 'ln'; left: Tree };

const leaf = (text: string): Tree => ({ op: 'leaf', text });
const op = (sign: '+' | '-' | '*' | '/', left: Tree, right: Tree): Tree => ({ op: sign, left, right });

function randomTree(stream: RandomStream, depth: number): Tree {
  if (depth === 0) return leaf(pick(stream, ['x', 'y', 'a', '2', '3', '5', '7', '\\pi']));
  const left = randomTree(stream, depth - 1);
  const head = pick(stream, ['+', '-', '*', '*', '/', '+', '^', 'sqrt', 'sin', 'ln'] as const);
  if (head === '^') return { op: head, left, power: whole(stream, 2, 3) };
  if (head === 'sqrt' || head === 'sin' || head === 'ln') return { op: head, left };
  return { op: head, left, right: randomTree(stream, depth - 1) };
}

function latex(tree: Tree): string {
  if (tree.op === 'leaf') return tree.text;
  const left = `(${latex(tree.left)})`;
  switch (tree.op) {
    case '^':
      return `${left}^{${tree.power}}`;
    case 'sqrt':
      return `\\sqrt{${left}^2+1}`;
    case 'ln':
      return `\\ln(${left}^2+1)`;
    case 'sin':
    case 'cos':
      return `\\${tree.op}${left}`;
    case '/':
      return `\\frac{${left}}{(${latex(tree.right)})^2+1}`;
    default:
      return `${left}${tree.op === '*' ? '\\cdot ' : tree.op}(${latex(tree.right)})`;
  }
}

/** The same value, written another way: each node by an identity of its own, now and then. */
function rewritten(tree: Tree, stream: RandomStream): Tree {
  if (tree.op === 'leaf') return op('+', tree, op('-', leaf('4'), leaf('4')));
  const left = stream.next() < 0.5 ? rewritten(tree.left, stream) : tree.left;
  const sure = { ...tree, left } as Tree;
  if (stream.next() < 0.2) return op('-', op('*', leaf('2'), sure), sure);
  switch (tree.op) {
    case '^':
      return op('*', tree.power === 2 ? left : { op: '^', left, power: tree.power - 1 }, left);
    case 'sqrt':
      // √u = u / √u, with u = t² + 1.
      return op('*', op('+', op('*', left, left), leaf('1')), leaf(`\\frac{1}{${latex(sure)}}`));
    case 'sin':
      return { op: 'cos', left: op('-', leaf('\\frac{\\pi}{2}'), left) };
    case 'cos':
      return { op: 'sin', left: op('+', left, leaf('\\frac{\\pi}{2}')) };
    case 'ln':
      return leaf(`(\\ln(3(${latex(left)})^2+3)-\\ln 3)`);
    case '-':
      return op('+', op('*', leaf('-1'), tree.right), left);
    case '/':
      return op('*', op('/', leaf('1'), tree.right), left);
    case '*':
      return tree.right.op === '+'
        ? op('+', op('*', left, tree.right.left), op('*', tree.right.right, left))
        : op('*', rewritten(tree.right, stream), left);
    default:
      return op('+', rewritten(tree.right, stream), left);
  }
}

describe('verify', () => {
  test('a formula rewritten by identities is equal', () => {
    const stream = randomStream(1, 'identities');
    for (let i = 0; i < 1000; i++) {
      const tree = randomTree(stream, whole(stream, 1, 3));
      const [text, other] = [latex(tree), latex(rewritten(tree, stream))];
      expect(other).not.toBe(text);
      expect(verify(`$${text}$`, `So it is $\\boxed{${other}}$.`, options), `${text} and ${other}`).toBe(
        'right',
      );
    }
  });

  test('a formula with something added, and a rewritten one with a number changed, is not equal', () => {
    const stream = randomStream(2, 'differences');
    for (let i = 0; i < 1000; i++) {
      const tree = randomTree(stream, whole(stream, 1, 3));
      const extra = pick(stream, ['1', 'x', '\\frac{1}{1000}', 'y^2', '\\sqrt{2}', '10^{-12}']);
      const [text, other] = [latex(tree), `(${latex(rewritten(tree, stream))})+${extra}`];
      expect(verify(`$${text}$`, `$\\boxed{${other}}$`, options), `${text} and ${other}`).toBe('wrong');
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
    (n) => `$\\begin{aligned}x&=${n - 1}+1\\\\&=${n}\\end{aligned}$`,
    (n) => `<answer>${n}</answer>`,
    (n) => `$${n}\\text{ km}$`,
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

  test('a list answers a set in any order, and a tuple in its own alone', () => {
    const stream = randomStream(5, 'lists');
    for (let i = 0; i < 500; i++) {
      const first = whole(stream, -50, 50);
      const items = [first, first + whole(stream, 1, 9), first + whole(stream, 10, 19)].map(String);
      const turned = [...items.slice(1), items[0]];
      expect(verify(`$\\{${items}\\}$`, `\\boxed{${turned}}`, options)).toBe('right');
      expect(verify(`$(${items})$`, `\\boxed{(${items.join(', ')})}`, options)).toBe('right');
      expect(verify(`$(${items})$`, `\\boxed{(${turned})}`, options)).toBe('wrong');
      expect(verify(`$\\{${items}\\}$`, `\\boxed{${turned.slice(1)}}`, options)).toBe('wrong');
    }
  });
});
