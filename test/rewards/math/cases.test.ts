import { expect, test } from 'vitest';
import { defaultVerifyOptions, verify } from '../../../rewards/math/verify.ts';
import { type AnswerCase, expectVerdicts } from './verdicts.ts';

/**
 * Answers checked by hand, by category: what a careful mathematician takes for the gold answer, and what not. Golds and
 * answers are LaTeX unless they are quoted text with words or $ in it.
 */
const cases: Readonly<Record<string, readonly AnswerCase[]>> = {
  fractions: [
    {
      gold: '\\frac{5}{8}',
      right: ['\\dfrac58', '5/8', '0.625', '\\frac{10}{16}', '{5 \\over 8}'],
      wrong: ['\\frac85', '0.62', '-\\frac58'],
    },
    { gold: '\\frac{7,200}{3}', right: ['2400', '2,400'], wrong: ['24', '7200'] },
    { gold: '\\frac{\\pi}{6}', right: ['\\pi/6', '\\frac16\\pi'], wrong: ['\\frac{\\pi}{3}', '0.52'] },
  ],
  'mixed numbers': [
    {
      gold: '3\\frac14',
      right: ['\\frac{13}{4}', '3.25', '3 1/4'],
      wrong: ['\\frac34', '3\\cdot\\frac14', '-3\\frac14'],
    },
    { gold: '62\\frac12\\%', right: ['62.5\\%', '\\frac58'], wrong: ['62\\%', '31\\%'] },
  ],
  'repeating decimals': [
    {
      gold: '0.\\overline{45}',
      right: ['\\frac{5}{11}', '0.\\overline{45}', '0.454545'],
      wrong: ['0.45', '0'],
    },
    { gold: '0.8\\overline3', right: ['\\frac56'], wrong: ['0.83'] },
  ],
  'thousands separators': [
    {
      gold: '72,500',
      right: ['72500', '72{,}500', '72\\,500', '72 500', '72500.0'],
      wrong: ['72.5', '72, 500', '\\{72, 500\\}'],
    },
  ],
  percentages: [
    { gold: '35\\%', right: ['35', '0.35', '\\frac{7}{20}', '35\\text{ percent}'], wrong: ['3.5', '0.035'] },
  ],
  roots: [
    {
      gold: '3\\sqrt5',
      right: ['\\sqrt{45}', '\\frac{15}{\\sqrt5}', '3 \\cdot 5^{1/2}', '6.708204'],
      wrong: ['5\\sqrt3', '6.7', '-3\\sqrt5'],
    },
    { gold: '\\sqrt{7}-2', right: ['\\frac{3}{\\sqrt7+2}', '-2+\\sqrt7'], wrong: ['2-\\sqrt7'] },
  ],
  'plus and minus': [
    {
      gold: '\\pm 4',
      right: ['4, -4', '\\{-4,4\\}', 'x = 4 \\text{ or } x = -4'],
      wrong: ['4', '(4,-4)', '\\pm 2'],
    },
    {
      gold: '\\frac{3\\pm\\sqrt5}{2}',
      right: ['\\frac{3+\\sqrt5}{2}, \\frac{3-\\sqrt5}{2}'],
      wrong: ['\\frac{3+\\sqrt5}{2}'],
    },
  ],
  sets: [
    {
      gold: '\\{2,4,8\\}',
      right: ['8, 4, 2', '\\{8,2,4\\}', '2, 4 \\text{ and } 8', 'n \\in \\{2,4,8\\}'],
      wrong: ['2,4', '(8,4,2)', '\\{2,4,8,16\\}', '[2,8]'],
    },
    { gold: '\\emptyset', right: ['\\varnothing', '\\{\\}'], wrong: ['0', '\\{0\\}'] },
  ],
  tuples: [
    {
      gold: '(5,-2)',
      right: ['x=5, y=-2', '(x,y)=(5,-2)', '\\left(5, -2\\right)', '(\\frac{10}{2},-2.0)'],
      wrong: ['(-2,5)', '(5,2)', '-2, 5'],
    },
    { gold: '(1,4),(2,3)', right: ['(2,3), (1,4)', '\\{(1,4),(2,3)\\}'], wrong: ['(4,1),(2,3)', '(1,4)'] },
    { gold: '(2;0;7)', right: ['(2,0,7)'], wrong: ['(2,7,0)'] },
  ],
  intervals: [
    {
      gold: '[-3,5)',
      right: ['[-3, 5)', 'x \\in [-3,5)', '[-3,1]\\cup(1,5)'],
      wrong: ['(-3,5)', '[-3,5]', '-3, 5', '-3\\le x<5'],
    },
    { gold: '-3 \\le x < 5', right: ['[-3,5)', '5 > x \\ge -3'], wrong: ['[-3,5]', '-3 < x < 5'] },
    {
      gold: '(-\\infty,2)\\cup(2,\\infty)',
      right: ['\\mathbb{R}\\setminus\\{2\\}'],
      wrong: ['\\mathbb{R}', '(-\\infty,2]'],
    },
  ],
  inequalities: [
    {
      gold: 'x \\geq 6',
      right: ['6 \\le x', '2x \\ge 12', '[6,\\infty)'],
      wrong: ['x > 6', 'x \\le 6', '6', 'y \\geq 6'],
    },
    { gold: 't \\ne 0', right: ['0 \\neq t'], wrong: ['t = 0'] },
  ],
  equations: [
    {
      gold: 'y = 3x - 2',
      right: ['3x - y = 2', 'y + 2 = 3x', '6x - 2y - 4 = 0'],
      wrong: ['y = 3x + 2', 'x = 3y - 2'],
    },
    { gold: 'y^2 = 8x', right: ['x = \\frac{y^2}{8}'], wrong: ['y = \\sqrt{8x}', 'y = 8x'] },
    {
      gold: 'n = 12',
      right: ['12', '12 = n', 'n = 3 \\cdot 4 = 12'],
      wrong: ['m = 12', '2n = 24', 'n^2 = 144'],
    },
    {
      gold: 'f^{-1}(x) = \\frac{x}{2}',
      right: ['\\frac{x}{2}', 'f^{-1}(x) = 0.5x'],
      wrong: ['2x', 'f(x) = \\frac{x}{2}'],
    },
    { gold: 'x^2 = 9', right: ['x^2 - 9 = 0'], wrong: ['x = 3'] },
  ],
  congruences: [
    {
      gold: 'n \\equiv 2 \\pmod 5',
      right: ['n \\equiv 7 \\pmod{5}'],
      wrong: ['n \\equiv 3 \\pmod 5', 'n \\equiv 2 \\pmod 7', 'n = 2'],
    },
  ],
  ratios: [
    { gold: '2:5', right: ['4:10', '\\frac25'], wrong: ['5:2'] },
    { gold: '1:3:4', right: ['2:6:8'], wrong: ['1:4:3', '1:3'] },
  ],
  matrices: [
    {
      gold: '\\begin{pmatrix}2&0\\\\1&3\\end{pmatrix}',
      right: [
        '\\begin{bmatrix}2&0\\\\1&\\sqrt9\\end{bmatrix}',
        '\\begin{pmatrix}4&0\\\\5&9\\end{pmatrix}-2\\begin{pmatrix}1&0\\\\2&3\\end{pmatrix}',
        '\\begin{pmatrix}2&1\\\\0&3\\end{pmatrix}^T',
      ],
      wrong: [
        '\\begin{pmatrix}2&1\\\\0&3\\end{pmatrix}',
        '\\begin{vmatrix}2&0\\\\1&3\\end{vmatrix}',
        '6',
        '(2,0,1,3)',
      ],
    },
    {
      gold: '\\begin{pmatrix}4&0\\\\5&9\\end{pmatrix}',
      right: ['\\begin{pmatrix}2&0\\\\1&3\\end{pmatrix}^2'],
      wrong: ['\\begin{pmatrix}4&0\\\\1&9\\end{pmatrix}'],
    },
    {
      gold: '\\begin{pmatrix}2&1\\\\1&1\\end{pmatrix}^{-1}',
      right: ['\\begin{pmatrix}1&-1\\\\-1&2\\end{pmatrix}'],
      wrong: ['\\begin{pmatrix}1&1\\\\1&2\\end{pmatrix}'],
    },
    {
      gold: '\\begin{vmatrix}3&1\\\\2&4\\end{vmatrix}',
      right: ['10'],
      wrong: ['\\begin{pmatrix}3&1\\\\2&4\\end{pmatrix}'],
    },
  ],
  degrees: [
    {
      gold: '75^\\circ',
      right: ['75', '75\\text{ degrees}', '75\\degree', '75°'],
      wrong: ['75^2', '\\frac{5\\pi}{12}', '57^\\circ'],
    },
  ],
  bases: [
    {
      gold: '1021_3',
      right: ['1021_{3}', '1021_{\\text{three}}', '(1021)_3'],
      wrong: ['34', '1021', '1021_4', '1012_3'],
    },
  ],
  units: [
    {
      gold: '9\\text{ cm}',
      right: ['9', '9\\,\\mathrm{cm}', '9 cm', '9\\text{ centimeters}'],
      wrong: ['9\\text{ m}', '90\\text{ mm}', '9\\text{ cm}^2'],
    },
    {
      gold: '6 \\mathrm{~m} / \\mathrm{s}',
      right: ['6', '6\\text{ m/s}', '6 m/s'],
      wrong: ['6\\text{ km/h}', '60'],
    },
    { gold: '5+3\\mathrm{i}', right: ['3i+5'], wrong: ['8', '5'] },
    { gold: 'AB=3\\text{ cm}, BC=7\\text{ cm}', right: ['3, 7', 'AB=3, BC=7'], wrong: ['AB=7, BC=3'] },
  ],
  words: [
    {
      gold: '\\text{Thursday}',
      right: ['\\text{thursday}', 'Thursday', '\\textbf{Thursday}'],
      wrong: ['\\text{Friday}', 'T'],
    },
    {
      gold: '\\text{no pair}',
      right: ['\\text{no}\\ \\text{pair}'],
      wrong: ['\\text{pair no}', '\\text{no}'],
    },
    { gold: '\\text{(D)}', right: ['D', '\\textbf{(D)}\\ 40'], wrong: ['B', '40'] },
    { gold: 'k', right: ['\\boldsymbol{k}'], wrong: ['K', 'm'] },
  ],
  formulas: [
    { gold: '(a+b)^2', right: ['a^2+2ab+b^2', '(b+a)(a+b)'], wrong: ['a^2+b^2', '(a-b)^2', '(A+B)^2'] },
    {
      gold: '\\cos 2\\theta',
      right: ['2\\cos^2\\theta-1', '1-2\\sin^2\\theta'],
      wrong: ['2\\cos\\theta', '\\cos^2\\theta'],
    },
    { gold: '\\bar{z}', right: ['\\overline{z}'], wrong: ['z', '\\hat{z}'] },
    { gold: '\\frac{d}{dx}x^5', right: ['5x^4'], wrong: ['x^5', '5x^5'] },
    { gold: '\\infty', right: ['+\\infty'], wrong: ['-\\infty', '10^{100}'] },
  ],
  'calculations on several lines': [
    {
      gold: '26',
      right: ['\\begin{aligned}x&=20+6\\\\&=26\\end{aligned}'],
      wrong: ['\\begin{aligned}x&=26\\\\&=27\\end{aligned}'],
    },
    { gold: '\\begin{cases}x=2\\\\y=9\\end{cases}', right: ['x=2, y=9', '(2,9)'], wrong: ['x=9, y=2', '9'] },
  ],
};

const inMath = (text: string) => `Hence it is $\\boxed{${text}}$.`;
const options = { ...defaultVerifyOptions, allowSetRelationComp: false };

expectVerdicts(cases, (gold, answer) => verify(`$${gold}$`, inMath(answer), options));

/** Whole texts: where the answer is found, and gold answers without delimiters. */
const texts: readonly (readonly [gold: string, prediction: string, verdict: string])[] = [
  ['2\\sqrt{6}', 'It is $\\sqrt{24}$.', 'right'],
  ['2\\sqrt{6}', '2', 'wrong'],
  ['x^2-4', '(x-2)(x+2)', 'right'],
  ['3/8', 'The answer is **3/8**.', 'right'],
  ['- 14', '14', 'wrong'],
  ['- 14', '-14', 'right'],
  ['14', '- 14', 'wrong'],
  ['14', '+14', 'right'],
  ['14', '--14', 'wrong'],
  ['2 3/4', '2.75', 'right'],
  ['2 3/4', '1.5', 'wrong'],
  ['250000', '2.5e5', 'right'],
  ['8 km/h', '$8$', 'right'],
  ['8 km/h', '8 m/s', 'wrong'],
  ['8 m', '8 m^2', 'wrong'],
  ['8', '8 m^2', 'right'],
  ['8', '8*x', 'wrong'],
  ['62.5%', '62.5', 'right'],
  ['41', 'We get \\boxed{\\geq 41}', 'wrong'],
  ['41', 'From \\boxed{12} we come to \\boxed{41}', 'right'],
  ['12', '<answer>11</answer><answer>12</answer>', 'right'],
  ['11', '<answer>11</answer><answer>12</answer>', 'wrong'],
  ['12', '$12\\ $', 'right'],
  ['12', '\\boxed{\\(12\\)}', 'right'],
  ['3/4', '¾', 'right'],
  ['2.5', '2½', 'right'],
  ['3', '√9', 'right'],
  ['9', '√9', 'wrong'],
  ['-6', 'So it is −6.', 'right'],
  ['$\\frac{1}{2}$', ')½$', 'wrong'],
  ['n/a', 'n/a', 'unreadable'],
  ['$\\frac{}{}$', '$\\frac{}{}$', 'unreadable'],
  ['$\\sqrt{$', '$\\sqrt{$', 'unreadable'],
  ['???', '7', 'unreadable'],
  ['', '', 'unreadable'],
  ['5', '\\boxed{a \\mapsto 3}. The answer is $5$ {so}', 'right'],
  ['3', '\\boxed{a \\mapsto 3} {so}', 'wrong'],
  ['5:3', 'They stand at 5:3.', 'right'],
  ['5', 'They stand at 5:3.', 'wrong'],
  ['$a \\mapsto 7$', '7', 'wrong'],
  ['$a \\mapsto 7$', '\\boxed{a \\mapsto 7}', 'right'],
];

test.each(texts)('gold %j, prediction %j: %s', (gold, prediction, verdict) => {
  expect(verify(gold, prediction, options)).toBe(verdict);
});
