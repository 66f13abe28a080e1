import { expect, test } from 'vitest';
import { defaultVerifyOptions, verify } from '../../../rewards/math/verify.ts';

const decorated = [
  ...[
    '\\boxed{12\\ }',
    '\\boxed{ 12 \\ }',
    '\\boxed {12}',
    '\\boxed{12\\\\}',
    '\\boxed{\\bold{12}}',
    '\\fbox{12}',
    '\\boxed{`12`}',
  ],
  ...[
    '\\boxed{≈12}',
    '\\boxed{12~}',
    '\\boxed{\\emph{12}}',
    '`12`',
    '```12```',
    '"12"',
    '(12)',
    '[12]',
    '*12*',
    '_12_',
    '#12',
    '≈12',
  ],
  ...[
    'So x=`12`',
    'Answer: ```12```',
    'Answer: "12"',
    "Answer: '12'",
    'Answer: (12)',
    'Answer: *12*',
    'Answer: =12',
    'Answer: #12',
  ],
  ...[
    'Answer:12',
    'The answer is ≈ 12.',
    'The answer is <b>12</b>.',
    '{"answer": "12"}',
    'We have 5 apples. Final answer: `12`',
  ],
  ...[
    'Answer：12',
    '答案是 $12$。',
    '答案是12。',
    '所以，答案是１２。',
    '答案：12',
    '最终答案为：\\boxed{12}。',
    '答案是12个',
    '１２',
  ],
];

test.each(decorated)('%s', (text) => {
  expect(verify('12', text, defaultVerifyOptions)).toBe('right');
  for (const other of ['1', '2', '5', '-12', '120'])
    expect(verify(other, text, defaultVerifyOptions)).toBe('wrong');
});

test('brackets that hold more than a number are kept', () => {
  expect(verify('[2,5)', '\\boxed{[2,5)}', defaultVerifyOptions)).toBe('right');
  expect(verify('$(1,2),(3,4)$', '\\boxed{(1,2), (3,4)}', defaultVerifyOptions)).toBe('right');
  expect(verify('$3,5$', '\\boxed{3、5}', defaultVerifyOptions)).toBe('right');
});
