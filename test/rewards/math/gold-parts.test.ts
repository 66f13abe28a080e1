import { describe, expect, test } from 'vitest';
import { goldParts } from '../../../rewards/math/gold-parts.ts';
import { defaultVerifyOptions, verify } from '../../../rewards/math/verify.ts';

const severalParts: readonly (readonly [gold: string, parts: readonly string[]])[] = [
  ['3, 5', ['3', '5']],
  ['1331 and 1728', ['1331', '1728']],
  ['1, 2, and 3', ['1', '2', '3']],
  ['x = 3 or x = 5', ['x = 3', 'x = 5']],
  ['$\\{1,2\\}$', ['1', '2']],
  ['\\boxed{(3,5)}', ['3', '5']],
  ['[3, 5)', ['3', '5']],
  ['$\\sqrt{2}$ and $\\sqrt{3}$', ['\\sqrt{2}', '\\sqrt{3}']],
  ['9 chickens and 10 rabbits', ['9 chickens', '10 rabbits']],
  ['5 hours 30 minutes', ['5', '30']],
  ['\\boxed{5 \\text{ hours } 30 \\text{ minutes}}', ['5', '30']],
  ['5 out of 12', ['5', '12']],
  ['from 10 to 20', ['10', '20']],
  ['x > 5', ['x', '5']],
  ['2 < x \\le 7', ['2', 'x', '7']],
  ['He had 7.\n#### 7, 8', ['7', '8']],
  ['The answer is 7 and 8.', ['7', '8']],
];

test.each(severalParts)('%s', (gold, parts) => {
  expect(goldParts(gold)).toEqual(parts);
  // The verifier accepts none of them.
  expect(parts.filter((part) => verify(gold, part, defaultVerifyOptions) === 'right')).toEqual([]);
});

describe('one value has no parts', () => {
  test.each([
    ...[
      '42',
      '1,234',
      '1,234,567',
      '3 1/2',
      '-0.5',
      '12 cm',
      '10 cm^2',
      '\\frac{1}{2}',
      'x = 5',
      '$x^2+2x+1$',
      '2\\sqrt{3}',
    ],
    ...[
      '#### 1,000',
      '1.5 \\times 10^6',
      '\\frac{\\pi}{4}+k\\pi, k\\in\\mathbb{Z}',
      'f(x)=cx \\text{ for any } c',
      'Evelyn',
    ],
    ...['1{,}000', '\\begin{pmatrix}1\\\\2\\end{pmatrix}', '12:30', '2^{10}', '\\log_2 8', ''],
  ])('%s', (gold) => {
    expect(goldParts(gold)).toEqual([]);
  });
});
