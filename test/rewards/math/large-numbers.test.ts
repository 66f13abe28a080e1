import { describe, expect, test } from 'vitest';
import { defaultVerifyOptions, verify } from '../../../rewards/math/verify.ts';
import { type AnswerCase, expectVerdicts } from './verdicts.ts';

/** Numbers too large to write out are told apart and together all the same. */
const cases: Readonly<Record<string, readonly AnswerCase[]>> = {
  factorials: [
    {
      gold: '2025',
      right: ['\\frac{2025!}{2024!}', '2025!/(2025-1)!'],
      wrong: ['\\frac{2026!}{2025!}', '\\frac{2024!}{2023!}', '2025!', '\\frac{2025!}{2023!}'],
    },
    {
      gold: '1-\\frac{1}{2025!}',
      right: ['\\frac{2025!-1}{2025!}', '1-\\frac{2026}{2026!}', '\\sum_{k=1}^{2024}\\frac{k}{(k+1)!}'],
      wrong: ['1', '1-\\frac{1}{2024!}', '\\frac{2025!+1}{2025!}', '-\\frac{1}{2025!}'],
    },
    {
      gold: '2025!-1',
      right: ['2025\\cdot 2024!-1', '\\sum_{k=1}^{2024} k\\cdot k!'],
      wrong: ['2025!', '2025!+1', '2024!-1'],
    },
    {
      gold: '50000\\sqrt{2}',
      right: ['\\frac{50000!\\sqrt2}{49999!}'],
      wrong: ['\\frac{50000!\\sqrt3}{49999!}'],
    },
    { gold: '3000x', right: ['\\frac{3000!\\,x}{2999!}'], wrong: ['\\frac{3000!\\,y}{2999!}', '3000'] },
  ],
  'binomial coefficients': [
    {
      gold: '\\binom{2024}{1012}',
      right: ['\\frac{2024!}{(1012!)^2}', '\\binom{2023}{1012}+\\binom{2023}{1011}'],
      wrong: ['\\binom{2024}{1011}', '\\frac{2024!}{1012!}'],
    },
  ],
  powers: [
    {
      gold: '4^{2^{14}}',
      right: ['2^{2^{15}}', '16^{2^{13}}', '\\sqrt{2^{2^{16}}}'],
      wrong: ['2^{2^{14}}', '4^{2^{15}}', '4^{2^{14}}+1'],
    },
    {
      gold: '6^{10^9}',
      right: ['2^{10^9}\\cdot 3^{10^9}'],
      wrong: ['2^{10^9}\\cdot 3^{10^9-1}', '6^{10^8}'],
    },
    { gold: '9^{9^{9^9}}', right: ['9^{9^{387420489}}'], wrong: ['9^{9^{387420488}}', '9^{9^{9^{9^9}}}'] },
    { gold: '7', right: ['7^{10^{12}+1} \\bmod 10'], wrong: ['7^{10^{12}} \\bmod 10'] },
  ],
  logarithms: [
    { gold: '100000', right: ['\\log_2(2^{100000})', '\\log_4(16^{50000})'], wrong: ['\\log_2(4^{100000})'] },
    { gold: '5000\\ln 2', right: ['\\ln(2^{5000})'], wrong: ['\\ln(2^{5001})', '\\ln(3^{5000})'] },
  ],
};

expectVerdicts(cases, (gold, answer) => verify(`$${gold}$`, `$\\boxed{${answer}}$`, defaultVerifyOptions));

describe('no number of this kind takes long', () => {
  test.each([
    '\\prod_{k=1}^{100000} k^k',
    '\\sum_{k=1}^{100000} \\frac1k',
    '((10^7)!)!',
    '\\frac{(10^9)!}{(10^9-1)!}',
    '7^{2^{60000}} \\bmod 2^{60000}',
    '\\sum_{j=1}^{100000} \\sum_{k=1}^{100000} k^{100000}',
    '\\sum_{k=1}^{100000} \\binom{300000}{k}',
  ])('%s', (text) => {
    const start = process.cpuUsage();
    expect(verify('72', `$${text}$`, defaultVerifyOptions)).toBe('wrong');
    expect(process.cpuUsage(start).user / 1e6).toBeLessThan(1.5);
  });
});
