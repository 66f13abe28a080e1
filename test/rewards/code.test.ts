import { describe, expect, test } from 'vitest';
import { code } from '../../rewards/index.ts';
import { InputError } from '../../src/errors.ts';
import { score } from './score.ts';

const sumTests = [
  { stdin: '2 3\n', stdout: '5\n' },
  { stdin: '-1 1', stdout: '0' },
];
const block = (program: string) => `Here it is:\n\`\`\`js\n${program}\n\`\`\`\nThat adds them.`;
const adds = 'const [a, b] = readline().split(" ").map(Number); console.log(a + b);';

describe('code', () => {
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

  test('a task without tests is an error', async () => {
    for (const tests of [undefined, [], [{ stdin: 'x' }], 'x']) {
      await expect(score(code(), ['1'], { tests })).rejects.toThrow(InputError);
    }
  });
});
