import { expect, test } from 'vitest';
import { arithmetic, calculator, countdown, gsm8k, math, multipleChoice } from '../../envs/index.ts';
import type { Environment } from '../../src/types.ts';

const cases: [env: Environment, completion: string, answer: string | undefined][] = [
  [arithmetic(), '36-16=20', '20'],
  [arithmetic(), '36-16=020 ', '20'],
  [arithmetic(), '36-16', undefined],
  [calculator(), 'So\n#### 1,976.0', '1976'],
  [calculator(), '<calc>2</calc>', undefined],
  [countdown(), 'Well\n<answer> 4*6 </answer>', '4*6'],
  [countdown(), '4*6', undefined],
  [gsm8k(), 'She has 3 and 4.\n#### $1,200', '1200'],
  [gsm8k(), 'She has 3 and then 4 of them.', '4'],
  [gsm8k(), 'none', undefined],
  [math(), 'Thus $x = \\boxed{ \\frac{1}{2} }$.', '\\frac{1}{2}'],
  [math(), 'It is\n$x = 3$\n', 'x=3'],
  [math(), '', undefined],
  [multipleChoice(), 'I think the answer is A, no: the correct answer is True', 'true'],
  [multipleChoice(), 'perhaps', undefined],
];

test.each(cases)('completions that say the same are one vote: %#', (env, completion, answer) => {
  expect(env.answer!(completion), `${env.name}: ${completion}`).toBe(answer);
});
