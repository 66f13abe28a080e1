import { format } from 'node:util';
import { runInNewContext } from 'node:vm';
import { describe, expect, test } from 'vitest';
import { definedIn } from '../../rewards/code/defined-in.ts';
import { programIn } from '../../rewards/code/program-in.ts';
import { code } from '../../rewards/index.ts';
import { InputError } from '../../src/errors.ts';
import { rewardBatch, score } from './score.ts';

const sumTests = [
  { stdin: '2 3\n', stdout: '5\n' },
  { stdin: '-1 1', stdout: '0' },
];
const block = (program: string) => `Here it is:\n\`\`\`js\n${program}\n\`\`\`\nThat adds them.`;
const adds = 'const [a, b] = readline().split(" ").map(Number); console.log(a + b);';

describe('code', () => {
  const reward = code();

  test('a program passes by what it prints for what it reads', async () => {
    const programs = [block(adds), adds, block('console.log(5)'), 'not a program at all', ''];
    expect(await score(code(), programs, { tests: sumTests })).toEqual([1, 1, 0, 0, 0]);
    expect(await score(code({ partial: true }), programs, { tests: sumTests })).toEqual([1, 1, 0.5, 0, 0]);
  });

  test('assertions run behind the program', async () => {
    const tests = [{ assert: 'assert.equal(double(4), 8)' }, { assert: 'assert(double(0) === 0, "zero")' }];
    const programs = [
      'const double = (x) => 2 * x;',
      'const double = (x) => x + 4;',
      'throw new Error("no")',
    ];
    expect(await score(code({ partial: true }), programs, { tests })).toEqual([1, 0.5, 0]);
  });

  test('a program that never ends, eats memory, or nests without end fails, and the next still runs', async () => {
    const hostile = [
      'while (true) {}',
      'const a = []; for (;;) a.push(new Array(1000).fill(7));',
      'const f = () => f(); f();',
      '"x".repeat(2 ** 29) + "y".repeat(2 ** 29)',
      '/(a+)+$/.test("a".repeat(40) + "b")',
      'for (;;) console.log("x".repeat(10000))',
      '(async () => { for (;;) await null; })()',
    ];
    const start = performance.now();
    const reward = code({ timeMs: 300 });
    expect(
      await score(reward, [...hostile, 'globalThis.ok = 1'], { tests: [{ assert: 'assert.equal(ok, 1)' }] }),
    ).toEqual([0, 0, 0, 0, 0, 0, 0, 1]);
    expect(performance.now() - start).toBeLessThan(45_000);
  });

  test('there is no way out: no process, no require, no import, no fetch', async () => {
    const tests = [{ assert: 'assert.equal(found, "undefined undefined undefined")' }];
    expect(
      await score(code(), ['const found = [typeof process, typeof require, typeof fetch].join(" ");'], {
        tests,
      }),
    ).toEqual([1]);
    expect(await score(code(), ['import fs from "fs"; const found = 1;'], { tests })).toEqual([0]);
  });

  test('one test leaves nothing behind for the next', async () => {
    const tests = [{ assert: 'assert.equal(globalThis.count = (globalThis.count ?? 0) + 1, 1)' }];
    expect(await score(code(), ['1', '2'], { tests: [...tests, ...tests] })).toEqual([1, 1]);
  });

  test.each([
    'f(2).then((x) => assert(x === 4))',
    'const p = f(2); p.then((x) => assert(x === 4));',
    '(async () => { assert.equal(await f(2), 4); })()',
    'assert.equal(await f(2), 4)',
    'f(2).then((x) => assert(x === 4)).catch(() => {})',
  ])('assertions on what a promise gives count: %s', async (assert) => {
    const programs = [
      'const f = async (x) => 2 * x;',
      'const f = async (x) => 3 * x;',
      assert.includes('catch')
        ? 'const f = async () => 0;'
        : 'const f = async () => { throw new Error("no"); };',
    ];
    expect(await score(code(), programs, { tests: [{ assert }] })).toEqual([1, 0, 0]);
  });

  test.each([
    'globalThis.assert = Object.assign(() => {}, { equal() {}, deepEqual() {} });',
    'let assert = Object.assign(() => {}, { equal() {}, deepEqual() {} });',
    'assert.equal = assert.deepEqual = () => {};',
    'JSON.stringify = () => "";',
    'let JSON = { stringify: () => "" };',
    'Array.prototype.toJSON = Object.prototype.toJSON = () => 1;',
    'Object.is = () => true; Object.keys = () => [];',
    'globalThis.Object = { is: () => true, keys: () => [] };',
    'Array.prototype.every = () => true; Array.prototype[Symbol.iterator] = function* () {};',
    'Object.setPrototypeOf(globalThis, new Proxy({}, { get: () => ({ assert() {} }), set: () => true }));',
    'globalThis.Error = function () {}; Promise.prototype.then = () => {};',
  ])('a program can not replace what judges it: %s', async (trick) => {
    const tests = [
      { assert: 'assert(f().length === 1)' },
      { assert: 'assert.equal(f()[0], 2)' },
      { assert: 'assert.deepEqual(f(), [2])' },
      { assert: 'assert(JSON.stringify(f()) === JSON.stringify([2]))' },
      { assert: 'assert(f().every((x) => x === 2))' },
    ];
    const programs = [`${trick}\nfunction f() { return [3]; }`, `${trick}\nfunction f() { return [2]; }`];
    expect(await score(code({ partial: true }), programs, { tests })).toEqual([0.2, 1]);
  });

  test('a program may add to the built-in objects, define their methods for its own, and assert for itself', async () => {
    const program = `
      function assert(holds) { if (!holds) throw new Error('mine'); }
      Array.prototype.last = function () { return this[this.length - 1]; };
      function Point(x) { this.x = x; }
      Point.prototype.toString = function () { return 'at ' + this.x; };
      class Missing extends Error { constructor(text) { super(text); this.name = 'Missing'; } }
      const counts = {};
      for (const word of ['constructor', 'valueOf', 'valueOf']) counts[word] = Object.hasOwn(counts, word) ? counts[word] + 1 : 1;
      assert([1, 2].last() === 2);`;
    const tests = [
      { assert: 'assert.equal([1, 2].last(), 2)' },
      { assert: 'assert.equal(String(new Point(3)), "at 3")' },
      { assert: 'assert.equal(String(new Missing("it")), "Missing: it")' },
      { assert: 'assert.deepEqual(counts, { valueOf: 2, constructor: 1 })' },
    ];
    expect(await score(code({ partial: true }), [program], { tests })).toEqual([1]);
  });

  test('deepEqual compares by structure', async () => {
    const reward = code();
    const passes = async (pair: string) =>
      (await score(reward, ['1'], { tests: [{ assert: `assert.deepEqual(${pair})` }] }))[0] === 1;
    const equal = [
      '{ a: 1, b: [2n] }, { b: [2n], a: 1 }',
      'NaN, NaN',
      '[0], [-0]',
      'new Map([[1, {}]]), new Map([[1, {}]])',
    ];
    const unequal = [
      '[1], ["1"]',
      '[1], { 0: 1 }',
      '[undefined], [null]',
      'new Set([1]), new Set([2])',
      '{}, new Map()',
    ];
    for (const pair of equal) expect([pair, await passes(pair)]).toEqual([pair, true]);
    for (const pair of unequal) expect([pair, await passes(pair)]).toEqual([pair, false]);
  });

  test.each([
    'NaN, Infinity, -0, 2n ** 70n, undefined, null, true',
    '"text", ["text", \'it\\\'s\'], Symbol("s"), Symbol()',
    '[1, 2, 3], [], [[1, [2, [3, [4]]]]], Array.from({ length: 120 }, (_, i) => i)',
    '{}, { a: 1, "b c": { d: { e: { f: 1 } } } }, Object.create(null), { ["__proto__"]: 1 }',
    'new Map([["a", { b: 1 }]]), new Set([1, "x"]), new Date(0), new Date(NaN), /a+/gi',
    'new (class Point { x = 1 })(), class A {}, function f() {}, () => {}, new Uint8Array(3)',
    '((o) => (o.self = o, o))({ n: 1 })',
    '"%s is %d%%", "it", 5, "more"',
    '"100%"',
    '{ long: "a".repeat(40), other: "b".repeat(40) }',
    '',
  ])('console.log prints as Node does: %s', async (values) => {
    const stdout = format(...runInNewContext(`[${values}]`));
    const tests = [{ stdin: '', stdout }];
    expect(await score(code(), [`console.log(${values})`], { tests })).toEqual([1]);
  });

  test('what Node writes to stderr is no output', async () => {
    const program =
      'console.error("a"); console.warn("b"); console.info("c"); console.debug("d"); print("e")';
    expect(await score(code(), [program], { tests: [{ stdin: '', stdout: 'c\nd\ne' }] })).toEqual([1]);
  });

  test('the first test that fails is the last, unless a share counts', async () => {
    const tests = Array.from({ length: 6 }, () => ({ assert: '1' }));
    const start = performance.now();
    expect(await score(code({ timeMs: 400 }), ['while (1);'], { tests })).toEqual([0]);
    expect(performance.now() - start).toBeLessThan(2000);
  });

  test('a test that runs out of time has failed, and the others count', async () => {
    const tests = [{ assert: 'f(1)' }, { assert: 'f(0)' }, { assert: 'f(1)' }];
    const reward = code({ timeMs: 200, partial: true });
    expect(await score(reward, ['const f = (x) => { while (x === 0); };'], { tests })).toEqual([2 / 3]);
  });

  test('the time limit holds in built-in functions, too', async () => {
    const bomb = 'let a = []; while (1) a.push(new Array(1e6).fill(1))';
    const start = performance.now();
    expect(await score(code({ timeMs: 300 }), [bomb, bomb], { tests: [{ assert: '1' }] })).toEqual([0, 0]);
    expect(performance.now() - start).toBeLessThan(4000);
  });

  test('a completion has so much time for all its tests, and the rest have failed', async () => {
    const tests = [{ assert: '1' }, ...Array.from({ length: 50 }, () => ({ assert: 'while (1);' }))];
    const start = performance.now();
    const reward = code({ timeMs: 200, totalMs: 500, partial: true });
    expect(await score(reward, ['1'], { tests })).toEqual([1 / 51]);
    expect(performance.now() - start).toBeLessThan(3000);
  });

  test('completions that a batch has no time left for score null and are counted', async () => {
    const reward = code({ timeMs: 60_000, totalMs: 60_000, batchMs: 4000, threads: 1 });
    const unjudged: number[] = [];
    const task = { id: 'a', tests: [{ assert: '1' }] };
    const batch = {
      ...rewardBatch(['1', 'while (1);', '1'], [task, task, task]),
      logMetric: (_: string, value: number) => unjudged.push(value),
    };
    expect(await reward(batch)).toEqual([1, null, null]);
    expect(unjudged).toEqual([0, 1, 1]);
    await expect(reward({ ...batch, signal: AbortSignal.abort(new Error('stop')) })).rejects.toThrow('stop');
  });

  test('of several blocks the last JavaScript counts', async () => {
    const programs = [
      `\`\`\`python\nprint(5)\n\`\`\`\n${block(adds)}\n\`\`\`\n5\n\`\`\``,
      block(adds).replace('```js', '```TypeScript'),
    ];
    expect(await score(code(), programs, { tests: sumTests })).toEqual([1, 1]);
  });

  test('a block behind the solution that shows its use does not replace it', async () => {
    const tests = [{ assert: 'assert.equal(double(4), 8)' }];
    const solution = block('function double(x) { return 2 * x; }');
    const programs = [
      `${solution}\nFor example:\n\`\`\`js\nconsole.log(double(3)); // 6\n\`\`\``,
      `${solution}\nOutput:\n\`\`\`\n6\n\`\`\``,
      `First try:\n${block('const double = (x) => x;')}\nBetter:\n${solution}`,
      `${solution}\nNot so:\n${block('const double = (x) => x + x + x;')}`,
    ];
    expect(await score(code(), programs, { tests })).toEqual([1, 1, 1, 0]);
    expect(await score(code({ which: 'first-with-entry' }), programs, { tests })).toEqual([1, 1, 0, 1]);
    expect(await score(code({ which: 'last' }), programs, { tests })).toEqual([0, 1, 1, 0]);
    expect(await score(code({ which: 'longest' }), programs, { tests })).toEqual([1, 1, 1, 1]);
    const example = `${block(adds)}\n\`\`\`js\nconsole.log(5)\n\`\`\``;
    expect(await score(code(), [example], { tests: sumTests })).toEqual([1]);
  });

  test('types are taken out, and exports have their names', async () => {
    const tests = [{ assert: 'assert.equal(double(4), 8)' }];
    const programs = [
      '```ts\nfunction double(x: number): number { return 2 * x; }\n```',
      '```typescript\ninterface N { n: number }\nconst double = (x: number): number => ({ n: 2 * x } as N).n;\n```',
      '```ts\nenum By { two = 2 }\nexport function double<T extends number>(x: T): number { return By.two * x; }\n```',
      'export const double = (x) => 2 * x;',
      'export default function double(x) { return 2 * x; }',
      'const twice = (x) => 2 * x;\nexport { twice as double };',
      'module.exports = { double: (x) => 2 * x };',
      'exports.double = function (x) { return 2 * x; };',
      'function double(x) { return 2 * x; }\nmodule.exports = double;',
      '```ts\nfunction double(x: number): string { return 3 * x as any; }\n```',
      '```ts\nfunction double(x: number { return 2 * x; }\n```',
    ];
    expect(await score(code(), programs, { tests })).toEqual([1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0]);
  });

  test.each([
    'module.exports = function double(x) { return 2 * x; }',
    'module.exports = class double { constructor(x) { return new Number(2 * x); } }',
    'exports.twice = function double(x) { return 2 * x; };',
    'export default (function double(x) { return 2 * x; });',
  ])('an exported function or class expression has its own name: %s', async (program) => {
    const assert = program.includes('class')
      ? 'assert(Number(new double(4)) === 8)'
      : 'assert.equal(double(4), 8)';
    expect(await score(reward, [block(program)], { tests: [{ assert }] })).toEqual([1]);
  });

  test.each([
    "const { double } = require('./double');\nconsole.log(double(1));",
    "const {\n  double,\n} = require('./double');\nconsole.log(double(1));",
    "const double = require('./double');\nconsole.log(double(1));",
    "const assert = require('assert'), double = require('./double').double;\nassert.equal(double(1), 2);",
    "const { double } = await import('./double.js');\nconsole.log(double(1));",
    "const double = (await import('./double.js')).default;",
    "import { double } from './double.js';\nconsole.log(double(1));",
    "import double = require('./double');\nconsole.log(double(1));",
    'declare function double(x: number): number;',
    'declare function double(x: number): number\ndouble(1);\nif (true) { double(2); }',
    'export declare const double: (x: number) => number;',
    'function double(x: number): number;',
    'export function double(x: { n: number }, y?: [number]): Promise<{ n: number }>;',
    'function double(x: number): { n: number }\nfunction double(x: string): { n: string }',
    'type double = (x: number) => number;',
    '// function double(x) { return x; }\ndouble(3);',
    '/* It is called as\n * function double(x) { } */\ndouble(3);',
    'console.log("function double(x) {}", \'const double = 1\');',
    'console.log(`function double(x) { return \\` x; }`, "\\"", /["`/]/); // const double = 1',
  ])('what defines nothing does not replace the solution: %s', async (shown) => {
    const solutions = [
      'function double(x) { return 2 * x; }',
      'module.exports = { double(x) { return 2 * x; } };',
      'const twice = (x) => 2 * x;\nexport { twice as double };',
    ];
    const tests = [{ assert: 'assert.equal(double(4), 8)' }];
    for (const language of ['js', 'ts']) {
      const texts = solutions.map((solution) => `${block(solution)}\n\`\`\`${language}\n${shown}\n\`\`\``);
      expect(await score(reward, texts, { tests })).toEqual([1, 1, 1]);
    }
  });

  test.each([
    'function double(x: number): number;\nfunction double(x: any): any { return 2 * x; }',
    'function double(\n  x: number,\n  { by = 2 }: { by?: number } = {},\n): number\n{\n  return by * x;\n}',
    'function double<T extends { n: number }>(x: any): Record<string, { n: number }> | any {\n  return 2 * x;\n}',
    'const half = (s: any) => 8 / 2 / s, quote = /[/"]/; const double = (x: number): number => 2 * x;',
    'const { floor } = Math, double = (x: number) => floor(2 * x);',
    "const text = 'it\\'s // no comment'; async function* all() {} function double(x: number) { return 2 * x; }",
  ])('a solution is seen to define its function: %s', async (solution) => {
    const wrong = block('const double = (x) => 3 * x;');
    const tests = [{ assert: 'assert.equal(double(4), 8)' }];
    const text = `${wrong}\nBetter:\n\`\`\`ts\n${solution}\n\`\`\`\nUse:\n\`\`\`ts\ndouble(3)\n\`\`\``;
    expect(await score(reward, [text], { tests })).toEqual([1]);
  });

  test('types in a block that is marked as JavaScript are taken out', async () => {
    const tests = [{ assert: 'assert.equal(double(4), 8)' }];
    const typed = 'function double(x: number): number { return 2 * x; }';
    const sloppy = 'double = function (x) { return 2 * x; };\nawait null;';
    const texts = [block(typed), `\`\`\`\n${typed}\n\`\`\``, typed, block(sloppy)];
    expect(await score(reward, texts, { tests })).toEqual([1, 1, 1, 1]);
    const unreadable = ['Here is no program.', block('const double = (x => 2;'), '```ts\nlet 1 = 2\n```'];
    expect(await score(reward, unreadable, { tests: [{ assert: '1' }] })).toEqual([0, 0, 0]);
  });

  test('a block may stand between tildes', async () => {
    const tests = [{ assert: 'assert.equal(double(4), 8)' }];
    const solution = 'function double(x) { return ~~(2 * x); }';
    const texts = [
      `Here:\n~~~js\n${solution}\n~~~\nThat doubles.`,
      `Here:\n~~~\n${solution}\n~~~\nThat doubles.`,
      `${solution}\n~~~\nThat doubles.`,
      `Solution\n~~~~~~~~\n${block(solution)}`,
    ];
    expect(await score(reward, texts, { tests })).toEqual([1, 1, 1, 1]);
    const opened = { role: 'assistant' as const, content: 'Here:\n~~~js\n' };
    const batch = rewardBatch([`${solution}\n~~~\nDone.`], [{ id: 'a', tests }]);
    expect(await code()({ ...batch, prompts: [[opened]] })).toEqual([1]);
  });

  test('looking for the program takes no longer than the text is long', () => {
    const parts = [
      ...['function double(', 'const {', '"\\', '`${', '/*', '=/[', '(/\\', 'double ', 'a'],
      ...['const double = (', 'declare ', '= {', 'exports = {', 'export {', ' as ', '/ ', '\n'],
      ...['`', '~', '~~~\n', '~~~js\n', ' '],
    ];
    for (const part of parts) {
      const start = performance.now();
      const text = part.repeat(200_000 / part.length);
      definedIn(text, ['double', 'other']);
      programIn(text, { prompt: '', tests: [{ assert: 'double(1)' }], which: 'last-with-entry' });
      expect([part, performance.now() - start < 1500]).toEqual([part, true]);
    }
  });

  test('a completion may begin inside a fence that its prompt has opened', async () => {
    const tests = [{ assert: 'assert.equal(double(4), 8)' }];
    const rest = 'function double(x) {\n  return 2 * x;\n}\n```\nThis doubles x.';
    expect(await score(code(), [rest, `${rest}\n\`\`\`js\ndouble(2)\n\`\`\``], { tests })).toEqual([1, 1]);
    const task = { id: 'a', tests };
    const batch = rewardBatch(['x: number) { return 2 * x; }\n```\nDone.'], [task]);
    const typed = { role: 'assistant' as const, content: 'Here:\n```ts\nfunction double(' };
    expect(await code()({ ...batch, prompts: [[typed]] })).toEqual([0]);
    const opened = { role: 'assistant' as const, content: 'Here:\n```ts\n' };
    const inside = rewardBatch(['const double = (x: number) => 2 * x;\n```\nDone.'], [task]);
    expect(await code()({ ...inside, prompts: [[opened]] })).toEqual([1]);
    // A block that was cut off is still a block.
    expect(await score(code(), ['Here (in short):\n```\nconst double = (x) => 2 * x;'], { tests })).toEqual([
      1,
    ]);
  });

  test('a task without tests is an error', async () => {
    for (const tests of [undefined, [], [{ stdin: 'x' }], 'x']) {
      await expect(score(code(), ['1'], { tests })).rejects.toThrow(InputError);
    }
  });
});
