import { describe, expect, test } from 'vitest';
import { defaultVerifyOptions, verify } from '../../../rewards/math/verify.ts';
import { type AnswerCase, expectVerdicts } from './verdicts.ts';

const verdictOn = (gold: string, answer: string) => verify(gold, answer, defaultVerifyOptions);

/** A gold answer of several numbers is a list, and none of its numbers. */
const cases: Readonly<Record<string, readonly AnswerCase[]>> = {
  'bare lists': [
    {
      gold: '3, 5',
      right: [
        '\\boxed{3, 5}',
        '\\boxed{5,3}',
        '3 and 5',
        'The answers are 3 and 5.',
        '#### 5, 3',
        'x = 3 or x = 5',
      ],
      wrong: ['3', '5', '\\boxed{5}', '35', '8', '\\boxed{3,5,7}', 'The answer is 5.', '<answer>5</answer>'],
    },
    {
      gold: '1331 and 1728',
      right: ['1331 and 1728', 'The answers are 1331 and 1728.'],
      wrong: ['1728', '1331'],
    },
    { gold: '1, 2, and 3', right: ['\\boxed{1,2,3}', '3, 2 and 1'], wrong: ['3', '123', '\\boxed{1,2}'] },
    { gold: '10%, 20%', right: ['\\boxed{10\\%, 20\\%}'], wrong: ['\\boxed{20\\%}', '20%'] },
    {
      gold: '100, 200',
      right: ['\\boxed{100, 200}', '\\boxed{100} and \\boxed{200}'],
      wrong: ['200', '100200'],
    },
    { gold: '-3, 3', right: ['\\boxed{\\pm 3}', '±3', '+- 3'], wrong: ['3', '-3'] },
    { gold: '\\sqrt{2} and \\sqrt{3}', right: ['\\boxed{\\sqrt3, \\sqrt2}'], wrong: ['\\sqrt{3}', '3'] },
    { gold: '{1,2,3}', right: ['3, 2, 1'], wrong: ['3'] },
    { gold: '(3,5)', right: ['3, 5'], wrong: ['5', '5, 3'] },
  ],
  'one number, whatever its commas': [
    { gold: '12,123', right: ['12123', '\\boxed{12,123}'], wrong: ['123', '12'] },
    { gold: '3,5', right: ['3.5', '\\boxed{3,5}', '\\boxed{5, 3}'], wrong: ['3', '5', '35'] },
    { gold: '3 1/2', right: ['3.5', '\\boxed{\\frac72}'], wrong: ['3', '1/2'] },
    { gold: '1.5 x 10^6', right: ['1500000'], wrong: ['6', '10', '1.5'] },
    { gold: '8 m^2', right: ['8'], wrong: ['2'] },
    { gold: 'So 5 + 3 = 8', right: ['8'], wrong: ['5', '3'] },
  ],
  'numbers of things': [
    {
      gold: '9 chickens and 10 rabbits',
      right: [
        '10 rabbits and 9 chickens',
        '\\boxed{9 \\text{ chickens}, 10 \\text{ rabbits}}',
        '\\boxed{9, 10}',
      ],
      wrong: ['9 rabbits and 10 chickens', '\\boxed{10, 9}', '9', '10', '19'],
    },
    {
      gold: '$9,10$',
      right: ['The answer is 9 chickens and 10 rabbits'],
      wrong: ['9 chickens and 11 rabbits'],
    },
    {
      gold: '10',
      wrong: ['The answer is 9 chickens and 10 rabbits', '\\boxed{9 \\text{ men}, 10 \\text{ women}}'],
    },
    {
      gold: '5 hours 30 minutes',
      right: ['5 hours and 30 minutes'],
      wrong: ['30', '5', '(5, 30)', '30 hours 5 minutes'],
    },
    { gold: '$3,5$', wrong: ['3 hours and 5 minutes', '3 hours 5 minutes'] },
    {
      gold: 'x=3, y=5',
      right: ['\\boxed{3, 5}', '\\boxed{y=5, x=3}'],
      wrong: ['\\boxed{5, 3}', '5', '\\boxed{y=5}'],
    },
  ],
  'a list is no answer to one number': [
    {
      gold: '3',
      wrong: [
        '3, 5',
        '3 and 5',
        '3 or 5',
        'The answer is 3 or 5.',
        'The answer is between 3 and 5.',
        '3 to 5',
      ],
    },
  ],
};

expectVerdicts(cases, verdictOn);

describe('several numbers that are no list are read by their own text alone', () => {
  test.each([
    ['5 out of 12', ['5', '12', '\\frac{5}{12}']],
    ['from 10 to 20', ['10', '20']],
    ['7 remainder 3', ['7', '3']],
    ['5 when x = 2', ['2', '\\boxed{2}']],
    ['June 20, 1999', ['20', '1999']],
    ['He had 7 and bought 8, which makes 15.', ['15', '7']],
  ])('%s', (gold, others) => {
    for (const text of [
      gold,
      `The answer is ${gold}.`,
      `\\boxed{\\text{${gold}}}`,
      `<answer>${gold}</answer>`,
    ])
      expect(verdictOn(gold, text), text).toBe('right');
    for (const text of others) expect(verdictOn(gold, text), text).toBe('unreadable');
  });
});

test('a longer gold text is read behind its mark', () => {
  expect(verdictOn('He had 7 and bought 8.\n#### 15', '15')).toBe('right');
  expect(verdictOn('He had 7 and bought 8. The answer is 15.', '15')).toBe('right');
  expect(verdictOn('He had 7 and bought 8.\n#### 7, 8', '8')).toBe('wrong');
});
