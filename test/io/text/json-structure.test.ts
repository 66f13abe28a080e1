import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { repeatedKey, structureFault } from '../../../src/io/text/json-structure.ts';
import { shown } from '../../../src/io/text/shown.ts';

describe('a key twice', () => {
  test.each([
    ['{"a":1,"a":2}', 'a'],
    ['{"a":1,"\\u0061":2}', 'a'],
    ['{ "x" : {"b":1, "b" : 2} }', 'b'],
    ['[{"b":1,"b":2}]', 'b'],
    ['{"a":{"a":1},"b":{"a":1}}', undefined],
    ['{"a":"a","b":["a","a"]}', undefined],
    ['{"a":"\\"a\\":","b":":"}', undefined],
    ['{"a\\\\":1,"a":2}', undefined],
    ['{"x":{"y":{"z":1,"z":2}}}', undefined],
  ])('%s: %s', (text, key) => {
    expect(repeatedKey(text)).toBe(key);
  });

  test('what JSON.stringify writes has none', () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        expect(repeatedKey(JSON.stringify(JSON.parse(text)))).toBeUndefined();
      }),
    );
  });
});

describe('structure', () => {
  test('depth, brackets in strings not counted', () => {
    const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth);
    expect(structureFault(nested(512))).toBeUndefined();
    expect(structureFault(nested(513))).toBe('nests more than 512 levels deep');
    expect(structureFault(JSON.stringify(nested(600)))).toBeUndefined();
  });

  test('any text ends', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'"\\[]{}:a') }), (text) => void structureFault(text)),
    );
  });
});

test('a text in a message stays one line, and short', () => {
  expect(shown('a\nb\u001b[31m\u202e')).toBe('a\\u000ab\\u001b[31m\\u202e');
  expect(shown('é🦊')).toBe('é🦊');
  expect(shown('x'.repeat(300), 5)).toBe('xxxxx… (300 characters)');
});
