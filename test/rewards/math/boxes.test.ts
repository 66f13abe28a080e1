import { defaultVerifyOptions, verify } from '../../../rewards/math/verify.ts';
import { type AnswerCase, expectVerdicts } from './verdicts.ts';

const cases: Readonly<Record<string, readonly AnswerCase[]>> = {
  'a later box takes an earlier one back': [
    {
      gold: '4',
      right: [
        'I first got \\boxed{35}. I forgot a term, so the answer is \\boxed{4}.',
        '\\boxed{35}. Wait, \\boxed{4}',
        'First \\boxed{35}. No: \\boxed{4}',
        '\\boxed{35 cm} \\boxed{4}',
        '\\boxed{35} Hmm, let me check. \\boxed{4}',
        'Step 1: \\boxed{35}\nStep 2: \\boxed{4}',
        'From \\boxed{35} we get \\boxed{4}',
        '\\boxed{35}, so \\boxed{4}',
        '\\boxed{35} -> \\boxed{4}',
      ],
      wrong: ['\\boxed{4}. Wait, \\boxed{35}', '\\boxed{4}, so \\boxed{35}'],
    },
    { gold: '4, 35', wrong: ['The answer is \\boxed{35}. Wait, no, it is \\boxed{4}'] },
  ],
  'boxes side by side are a list': [
    {
      gold: '3, 5',
      right: [
        '\\boxed{3} and \\boxed{5}',
        '\\boxed{3}, \\boxed{5}',
        '\\boxed{3}\\boxed{5}',
        '$x=\\boxed{3}$ or $x=\\boxed{5}$',
        'The first root is \\boxed{3} and the second is \\boxed{5}',
      ],
    },
    {
      gold: '5',
      wrong: [
        '\\boxed{3} and \\boxed{5}',
        '\\boxed{3}, \\boxed{5}',
        '\\boxed{3}. \\boxed{5}',
        'The first root is \\boxed{3} and the second is \\boxed{5}',
      ],
    },
  ],
  'an empty box is only spoken of': [
    {
      gold: '4',
      right: [
        '\\boxed{4}. It stands in \\boxed{}.',
        '\\boxed{4} \\boxed{ }',
        '\\boxed{}\\boxed{4}',
        'Use \\boxed{}: \\boxed{4}',
      ],
      wrong: ['\\boxed{}'],
    },
  ],
};

expectVerdicts(cases, (gold, answer) => verify(gold, answer, defaultVerifyOptions));
