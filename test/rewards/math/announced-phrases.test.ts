import { describe, expect, test } from 'vitest';
import { defaultVerifyOptions, verify } from '../../../rewards/math/verify.ts';

/** Expressions without delimiters: what they mean, and the numbers in them, which are no answers. */
const expressions = [
  ['8x + 3', '8x+3', '8', '3'],
  ['3√2', '3\\sqrt{2}', '3', '2'],
  ['3π', '3\\pi', '3'],
  ['2*pi', '2\\pi', '2'],
  ['3 + 2i', '3+2i', '3', '2'],
  ['x > 3', 'x>3', '3'],
  ['(3, 5)', '(3,5)', '3', '5'],
  ['[2, 7)', '[2,7)', '2', '7'],
  ['π/2', '\\frac{\\pi}{2}', '2'],
  ['√3', '\\sqrt{3}', '3'],
  ['10 - 2√5', '10-2\\sqrt5', '10', '2', '5'],
  ['3*sqrt(5)', '3\\sqrt5', '3', '5'],
  ['n(n+1)/2', '\\frac{n(n+1)}{2}', '2', '1'],
  ['5x^2', '5x^2', '5', '2'],
  ['2^5', '32', '2', '5'],
  ['12π cm', '12\\pi', '12'],
  ['2/3 π', '\\frac{2}{3}\\pi', '2', '3'],
  ['6!/2', '360', '6', '2'],
  ['3 and 5', '3,5', '3', '5'],
] satisfies readonly (readonly [text: string, latex: string, ...numbers: string[]])[];
const sentences = [
  'The answer is _',
  'The answer is _.',
  'Answer: _',
  '**Answer:** _',
  '**Answer: _**',
  'We have 4 cases, so the final answer is _.',
  'The answer is _, since it must be.',
  'The answer is `_`',
  '#### _',
  '_',
  'We had 4 cases, so we get _.',
  'Therefore the area is _',
];
const verdictOn = (gold: string, answer: string) => verify(gold, answer, defaultVerifyOptions);

describe.each(sentences)('%s', (sentence) => {
  test.each(expressions)('%s', (text, latex, ...numbers) => {
    const answer = sentence.replace('_', text);
    expect(verdictOn(`$${latex}$`, answer)).toBe('right');
    expect(numbers.filter((number) => verdictOn(number, answer) === 'right')).toEqual([]);
  });
});

/** One number and what people put beside it. */
const numbers = [
  ...[
    '12',
    '12 cm',
    '$12',
    '12 apples',
    '12 in total',
    '12 (twelve)',
    '12, which is even',
    '12 m/s',
    '12 m^2',
  ],
  ...[
    '12 because 3*4 = 12',
    '12 (since 3*4 = 12)',
    '12 as required',
    '12 or so',
    '12 °C',
    '12 - that is it',
    '12!',
  ],
];

test.each(numbers)('The answer is %s', (text) => {
  for (const sentence of sentences.slice(0, 6)) {
    expect(verdictOn('12', sentence.replace('_', text)), sentence).toBe('right');
    expect(verdictOn('4', sentence.replace('_', text)), sentence).toBe('wrong');
  }
});
