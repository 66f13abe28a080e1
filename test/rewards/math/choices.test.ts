import { describe, expect, test } from 'vitest';
import { defaultVerifyOptions, type VerifyOptions, verify } from '../../../rewards/math/verify.ts';

const options: VerifyOptions = {
  ...defaultVerifyOptions,
  targets: ['string'],
  strings: ['A', 'B', 'C', 'D', 'E'],
};

/** Texts by how they choose B. */
const choosing = {
  'in a box': [
    ...[
      '\\boxed{B}',
      '\\boxed{\\text{B}}',
      '\\boxed{\\textbf{(B)}}',
      '\\boxed{\\mathrm{B}}',
      '\\boxed{B.}',
      '\\boxed{\\bf B}',
    ],
    ...[
      '\\boxed{B: some text}',
      '\\boxed{B) 12}',
      '\\boxed{\\textbf{(B)}\\ 12}',
      'A is too small and C too large. \\boxed{B}',
    ],
    'A common mistake is to pick A. The answer is \\boxed{B}',
  ],
  'in a box, with its noun': ['\\boxed{\\text{Option B}}', '\\boxed{\\text{choice (B)}}'],
  announced: [
    ...[
      'The answer is B.',
      'The answer is (B).',
      'The answer is **B**.',
      'Answer: B) 12 cm',
      'Answer: B. Paris',
      '**Answer:** B',
    ],
    ...[
      'The correct option is: B',
      'The answer is option B.',
      'The right answer must be B.',
      'I choose B.',
      'Therefore, B.',
    ],
    ...[
      'B is correct.',
      'Option B is correct, because A is wrong.',
      '答案：B',
      '答案选B。',
      '正确答案是 B。',
      '故选B',
    ],
    ...[
      "The correct answer is B. Here's why: option A ignores friction.",
      'The answer is not A. The answer is B.',
    ],
    'A car drives 3 km.\nAnswer: B',
  ],
  'at the start of a line': [
    'B',
    '(B)',
    'B.',
    'B)',
    '**B**',
    'Option A is wrong.\n\n(B) Paris',
    '<answer>\nB. Paris\n</answer>',
  ],
};

describe.each(Object.entries(choosing))('%s', (_, texts) => {
  test.each(texts)('%s', (text) => {
    expect(verify('B', text, options)).toBe('right');
    for (const other of ['A', 'C', 'D', 'E']) expect(verify(other, text, options), other).toBe('wrong');
  });
});

test.each([
  ...[
    'The answer is not B',
    "The answer isn't B",
    'The answer cannot be B.',
    'B is wrong',
    'B or C',
    'The answer is B or C',
  ],
  ...[
    'A, B, C, D',
    'A. 3\nB. 4\nC. 5',
    '\\boxed{A, B}',
    '\\boxed{A}, \\boxed{B}',
    '\\boxed{Bob}',
    'Bob is here',
    '答案不是B',
  ],
  ...['\\boxed{C}. B would be wrong', 'Option B is wrong, so the answer is C.', ''],
  ...[
    '\\boxed{(B) \\text{ or } (C)}',
    '\\boxed{B \\text{ and } C}',
    'A: no. B: yes. C: no.',
    '不选B',
    '选项B错误，答案是C',
  ],
  ...['The answer is not C; nor B.', 'Either A or B.', 'It is not C. It is not B.'],
])('not chosen: %s', (text) => {
  expect(verify('B', text, options)).toBe('wrong');
});

test('an article is no choice', () => {
  for (const text of [
    'A man walks to town. \\boxed{C}',
    'A train leaves.\nAnswer: C',
    '\\boxed{A polygenic score}',
    'A nice problem.',
  ])
    expect(verify('A', text, options), text).toBe('wrong');
  for (const text of ['The answer is A because B is wrong.', 'A. A polygenic score', '\\boxed{A. A score}'])
    expect(verify('A', text, options), text).toBe('right');
});
