import { defaultVerifyOptions, verify } from '../../../rewards/math/verify.ts';
import { type AnswerCase, expectVerdicts } from './verdicts.ts';

const cases: Readonly<Record<string, readonly AnswerCase[]>> = {
  'words and conditions behind an answer': [
    {
      gold: 'f(x)=cx',
      right: [
        'f(x)=cx \\text{ for any } c\\in\\mathbb{R}',
        'f(x)=cx \\text{ where } c \\text{ is a constant}',
        'f(x)=cx \\quad (c\\in\\mathbb{R})',
        'f(x)=cx,\\ c\\in\\mathbb{R}',
        'f(x)=cx \\quad \\forall x',
        'f(x)=cx \\text{ (for all real } x)',
        'f(x)=cx for all real numbers x',
      ],
      wrong: ['f(x)=x \\text{ for any } c', 'f(x)=2cx \\quad (c\\in\\mathbb{R})', 'c \\text{ for all } x'],
    },
    {
      gold: 'x=\\frac{\\pi}{4}+k\\pi,\\ k\\in\\mathbb{Z}',
      right: [
        'x=\\frac{\\pi}{4}+k\\pi',
        '\\frac{\\pi}{4}+k\\pi \\quad (k\\in\\mathbb{Z})',
        'x=\\frac{\\pi}{4}+k\\pi \\text{ for any integer } k',
      ],
      wrong: [
        'x=\\frac{\\pi}{3}+k\\pi,\\ k\\in\\mathbb{Z}',
        'x=\\frac{\\pi}{4}+k\\pi,\\ k\\in\\mathbb{R}',
        '\\frac{\\pi}{4}',
      ],
    },
    {
      gold: '12',
      right: [
        '12 \\text{ at } x=3',
        '12 \\text{ (since } a>0)',
        '12 \\text{ when } x = 3',
        '12 \\text{ for } n=5',
      ],
      wrong: ['3 \\text{ at } x=12', '15 \\text{ for } n=12', '12 \\text{ with remainder } 3'],
    },
    {
      gold: 'A=\\pi r^2',
      right: ['A=\\pi r^2 \\text{ where } r \\text{ is the radius}'],
      wrong: ['A=2\\pi r^2 \\text{ where } r \\text{ is the radius}'],
    },
    {
      gold: '4\\pi',
      right: ['4\\pi \\text{ (approximately } 12.57)', '4\\pi \\approx 12.57'],
      wrong: ['5\\pi \\text{ (approximately } 12.57)'],
    },
    {
      gold: 'a_n=2n \\text{ for } n\\ge 1',
      right: ['a_n=2n', 'a_n=2n, n\\ge 1'],
      wrong: ['a_n=2n \\text{ for } n\\ge 2'],
    },
  ],
  'another answer is no clause': [
    {
      gold: '12',
      wrong: [
        '12 \\text{ if } x>0, 15 \\text{ otherwise}',
        '12 \\text{ for } x>0, 15 \\text{ for } x<0',
        '12 \\text{ or } 15',
      ],
    },
    {
      gold: 'f(x)=0',
      wrong: [
        'f(x)=0 \\text{ for all } x \\text{ and } f(x)=x',
        'f(x)=0 \\text{ or } f(x)=x \\text{ for all } x',
      ],
    },
    {
      gold: 'x>3',
      wrong: ['x>3, x<10', 'x>3 \\quad (x<10)', 'x>3 \\text{ for } x<10', 'x>3,\\ x\\in\\mathbb{Z}'],
    },
    { gold: 'x=2', wrong: ['x=2, y\\in\\mathbb{R}', 'x=2, y>3', 'x=2, y=3'] },
  ],
  'labels in front of an answer': [
    {
      gold: '12',
      right: [
        '\\text{Total: }12',
        '\\text{maximum value } 12',
        '\\text{The answer is } 12',
        '\\max f = 12',
        '\\max_{x} f(x) = 12',
        '=12',
      ],
      wrong: [
        '\\text{not } 12',
        '\\text{minus } 12',
        '\\text{at least } 12',
        '\\text{less than } 12',
        '\\max f = 11',
      ],
    },
  ],
};

expectVerdicts(cases, (gold, answer) => verify(`$${gold}$`, `\\boxed{${answer}}`, defaultVerifyOptions));
