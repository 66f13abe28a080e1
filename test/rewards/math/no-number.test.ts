import { describe, expect, test } from 'vitest';
import { defaultVerifyOptions, verify } from '../../../rewards/math/verify.ts';

/** Texts that hold a 6 and do not give 6 as their answer. */
const refused = {
  'a relation': [
    ...['So x ≤ 6.', 'So x > 6', 'Hence m ≥ 6.', 'so a ≠ 6', 'Therefore x ≥ 6 holds.', 'Thus y ≠ 6.'],
    ...['The answer is < 6', 'The answer is ≤ 6', 'The answer is ≠ 6', '≤ 6', '< 6'],
  ],
  'a bound in words': [
    ...['The answer is 6 or more', 'The answer is greater than 6', 'The answer is below 6.', '6 and above'],
    ...[
      'The answer is at most 6',
      'So the answer is at least 6n.',
      'at most 6',
      'The answer is no more than 6.',
    ],
    ...['答案小于6', '答案大于6'],
  ],
  'a box with a number that words change': [
    ...['\\boxed{6 \\text{ and above}}', '\\boxed{6\\text{ or more}}', '\\boxed{6 \\text{ squared}}'],
    '\\boxed{6 \\text{ dozen}}',
  ],
  'an expression': [
    ...[
      'Therefore, 6x.',
      'Hence, 6π.',
      'So 6n.',
      'So f(x) = 6x',
      'The answer is 6 mod 7',
      'The answer is 6 : 5',
    ],
    ...['The answer is 6 choose 2', 'The answer is 6 dozen', 'The answer is 6 squared'],
    ...[
      'The answer is minus 6',
      'The answer is negative 6.',
      'negative 6',

      '\\boxed{6!}',
    ],
  ],
  'an equation to be solved': [
    ...['|x| = 6', 'The answer is |x| = 6', 'Therefore 2x = 6', 'x^2 = 6'],
    ...['\\boxed{x^2=6}', '\\boxed{|x|=6}', '\\boxed{2x=6}', '\\boxed{x+1=6}'],
  ],
  'a denial': [
    ...[
      'The answer is not 6.',
      'The answer is not $6$.',
      'Thus the answer cannot be 6.',
      '6 is wrong',
      'It is not 6.',
    ],
    ...[
      'The answer is 6. No, it is 7.',
      'I think the answer is 6... no, 7.',
      'The answer is not 6, it is 7.',
    ],
    ...['答案不是6', '答案不可能是6。'],
  ],
};

describe.each(Object.entries(refused))('%s is no number', (_, texts) => {
  test.each(texts)('%s', (text) => {
    expect(verify('6', text, defaultVerifyOptions)).toBe('wrong');
  });
});

test.each([
  ...[
    'So x = 6.',
    'Therefore, 6.',
    'Hence, 6 apples.',
    'x = 6',
    'So f(2) = 6',
    '\\boxed{f(2)=6}',
    '\\boxed{a+b=6}',
  ],
  ...[
    '\\boxed{\\cos x = 6}',
    '\\boxed{AB^2=6}',
    '\\boxed{|AB|=6}',
    'The answer is 6, not 5.',
    '答案是6，不是5',
  ],
  ...[
    'Since x > 3, the answer is 6',
    'At least 6 tiles are needed, so the answer is 6.',
    'So the minimum is 6',
  ],
  ...['The answer is not 5, it is 6.', 'The answer is not 5. So x = 6.', 'The answer is 5. No, it is 6.'],
  ...['The answer is 6. No other value works.', 'The answer is not obvious. We get $x=6$.'],
  ...['Over 5 days he ran 1 mile, then 6 in total.'],
  ...['Half of 1 dozen is 6.', '1 dozen less 6 is 6 eggs in total'],
])('gives 6: %s', (text) => {
  expect(verify('6', text, defaultVerifyOptions)).toBe('right');
});

test.each([
  ['-6', 'The answer is negative 6.'],
  ['6', 'The answer is 6 and below we check it.'],
  ['7', 'The answer is 6. No, it is 7.'],
  ['7', 'I think the answer is 6... no, 7.'],
  ['$x\\ge 6$', 'Hence x ≥ 6.'],
  ['$f(x)=6x$', 'So f(x) = 6x'],
  ['4 mod 5', 'The answer is 4 mod 5'],
  ['2', 'The answer is 17 mod 5'],
])('gold %s: %s', (gold, text) => {
  expect(verify(gold, text, defaultVerifyOptions)).toBe('right');
});

test('a gold list of which one item has no delimiters is a list', () => {
  for (const gold of ['$\\frac12$ or 3', '3 or $\\frac12$', '3, $\\frac12$']) {
    for (const part of ['\\boxed{3}', '\\boxed{\\frac12}'])
      expect(verify(gold, part, defaultVerifyOptions), gold).toBe('wrong');
    expect(verify(gold, '\\boxed{3, \\frac12}', defaultVerifyOptions), gold).toBe('right');
  }
});

const choices = { ...defaultVerifyOptions, targets: ['string' as const] };
test.each([
  ["It can't be C.", undefined],
  ['I would not choose B.', undefined],
  ['Vitamin B is important.', undefined],
  ['The answer is not B, it is C.', 'C'],
  ['The answer is not B but C.', 'C'],
] as const)('choice: %s', (text, key) => {
  for (const letter of ['A', 'B', 'C', 'D'])
    expect(verify(letter, text, choices), letter).toBe(letter === key ? 'right' : 'wrong');
});

test.each(['6 or ', 'not 6, ', '6. No, ', 'so x > ', '答案不是', '$1$ or ', ', 6', ' is not '])(
  'a long text of %j is read in linear time',
  (piece) => {
    const start = performance.now();
    verify('6', `The answer is ${piece.repeat(4000)}`, defaultVerifyOptions);
    expect(performance.now() - start).toBeLessThan(3000);
  },
);
