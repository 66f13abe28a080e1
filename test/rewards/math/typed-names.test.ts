import { describe, expect, test } from 'vitest';
import { defaultVerifyOptions, verify } from '../../../rewards/math/verify.ts';

/** Names and numbers as people type them: what they mean, and what they don't. */
const spellings = [
  ['pi/2', '\\frac{\\pi}{2}', '\\pi'],
  ['2*pi', '2\\pi', '2'],
  ['exp(2)', 'e^2', '2'],
  ['-1 + exp(16)', 'e^{16}-1', 'e^{16}+1'],
  ['ln 2', '\\ln 2', '\\log 2'],
  ['ln(2)', '\\ln 2', '2'],
  ['sin(x)', '\\sin x', '\\cos x'],
  ['sin x', '\\sin x', 'x'],
  ['cos(2x)', '\\cos 2x', '2\\cos x'],
  ['tan(pi/4)', '1', '\\pi'],
  ['theta', '\\theta', 't'],
  ['2*theta', '2\\theta', '2'],
  ['cos(theta)', '\\cos\\theta', '\\sin\\theta'],
  ['3*sqrt(5)/2', '\\frac{3\\sqrt5}{2}', '5'],
  ['asin(1/2)', '\\frac{\\pi}{6}', '\\frac12'],
  ['O(n log n)', 'O(n\\log n)', 'O(n)'],
  ['infinity', '\\infty', '-\\infty'],
  ['1e-6', '10^{-6}', '10^6'],
  ['2e-5', '0.00002', '2'],
  ['6.02e23', '6.02\\times10^{23}', '6.02'],
  ['1e3', '1000', '3'],
] as const;

describe.each(['\\boxed{_}', '$_$', '_', 'The answer is _.', 'Answer: _'])('%s', (sentence) => {
  test.each(spellings)('%s', (typed, latex, other) => {
    const answer = sentence.replace('_', typed);
    expect(verify(`$${latex}$`, answer, defaultVerifyOptions)).toBe('right');
    expect(verify(`$${other}$`, answer, defaultVerifyOptions)).toBe('wrong');
  });
});

test('2e-5 may be twice e less five', () => {
  expect(verify('$2e-5$', '\\boxed{2e - 5}', defaultVerifyOptions)).toBe('right');
  expect(verify('$2e - 5$', '\\boxed{0.00002}', defaultVerifyOptions)).toBe('wrong');
});
