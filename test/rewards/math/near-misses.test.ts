import { expect, test } from 'vitest';
import { defaultVerifyOptions, verify } from '../../../rewards/math/verify.ts';
import { type AnswerCase, expectVerdicts } from './verdicts.ts';

/** Answers that agree with the gold answer almost everywhere, beside rewritings of it. All LaTeX but the last table. */
const cases: Readonly<Record<string, readonly AnswerCase[]>> = {
  'boundaries far away and close by': [
    { gold: 'x>0', right: ['10^{15}x>0'], wrong: ['0<x<2023', '0<x<10^{12}', '0<x<10^{30}', 'x>10^{-12}'] },
    { gold: 'x>0', wrong: ['\\frac1x>10^{-28}'], right: ['\\frac1x>0'] },
    {
      gold: '0\\le x\\le 1000',
      right: ['[0,1000]', 'x^2\\le 1000x'],
      wrong: ['0\\le x\\le 2000', 'x\\ge 0'],
    },
    { gold: '1<x<400', right: ['(1,400)'], wrong: ['1<x<500'] },
    { gold: '(1,500)', right: ['1<x<500'], wrong: ['1<x<400'] },
    { gold: 'x\\ne 2023', right: ['|x-2023|>0'], wrong: ['\\mathbb{R}', 'x\\ne 2024'] },
    { gold: '(-\\infty,\\infty)', right: ['x^2+1>0', 'e^x>0'], wrong: ['x<2023', 'e^x>10^{-30}'] },
    { gold: '\\emptyset', right: ['x^2<-1'], wrong: ['x>10000', '\\sqrt{1-(x-3000)^2}>\\frac12'] },
    { gold: 'x>\\frac{7000}{3}', right: ['3x>7000'], wrong: ['3x>7001', '3x\\ge 7000'] },
    { gold: '-1000<x<1000', right: ['x^2<10^6'], wrong: ['x^2<10^6+1', 'x^2\\le 10^6'] },
    {
      gold: 'x\\le 298',
      right: ['298\\ge x'],
      wrong: ['x\\le 298+10^{-12}', '300+1\\ge x', '-x\\ge -3\\cdot10^{15}'],
    },
    { gold: '[3008,3369)', right: ['\\sqrt{x-3008}<19'], wrong: ['x<3369'] },
    { gold: '[3008,3370)', wrong: ['\\sqrt{x-3008}<19'] },
    { gold: '[-1,2)', right: ['\\frac{x+1}{x-2}\\le 0'], wrong: ['(x+1)(x-2)\\le 0'] },
    { gold: 'y>49x^2+1709', right: ['\\frac{y-1709}{49}>x^2'], wrong: ['\\frac{y-1710}{49}>x^2'] },
  ],
  'sides that touch and do not cross': [
    {
      gold: '\\mathbb{R}',
      wrong: ['(x-3)^2>0', '|x-3|>0', 'x^4-4x^2+4>0', '(e^x-2)^2>0', '(x-\\sqrt2)^2>0'],
    },
    { gold: 'x>1', wrong: ['(x-1)(x-3)^2>0'], right: ['(x-1)((x-3)^2+1)>0'] },
    { gold: '(1,3)\\cup(3,\\infty)', right: ['(x-1)(x-3)^2>0'], wrong: ['(x-1)(x-3)^2\\ge 0'] },
    { gold: '\\emptyset', right: ['(x-3)^2<0'], wrong: ['(x-3)^2\\le 0', '|x-1|+|x-2|\\le 1'] },
    { gold: 'x\\ne\\ln 2', right: ['(e^x-2)^2>0'], wrong: ['(e^x-3)^2>0'] },
    {
      gold: '(1000,1001)\\cup(1002,\\infty)',
      right: ['(x-1000)(x-1001)(x-1002)>0', 'x^3-3003x^2+3006002x-1003002000>0'],
      wrong: ['(x-1000)^3(x-1001)(x-1002)^2>0', 'x>1002'],
    },
  ],
  alternatives: [
    {
      gold: '(-\\infty,2)\\cup(3,\\infty)',
      right: ['x<2 \\text{ or } x>3', 'x>3 \\lor x<2'],
      wrong: ['x<2 \\text{ and } x>3', 'x<2 \\text{ or } x>4', 'x\\le 2 \\text{ or } x>3'],
    },
    {
      gold: 'x\\le -5\\text{ or }x\\ge 5',
      right: ['|x|\\ge 5', '(-\\infty,-5]\\cup[5,\\infty)', 'x\\ge 5\\text{ or }x\\le -5'],
      wrong: ['|x|>5', 'x\\ge 5'],
    },
    { gold: 'x=4\\text{ or }x=-4', right: ['\\pm 4', '4,-4'], wrong: ['4'] },
  ],
  'parity and divisibility': [
    { gold: '(-1)^n', right: ['-(-1)^{n+1}', '(-1)^{n+2}'], wrong: ['-1', '1', '(-1)^m'] },
    { gold: '2+(-1)^n', wrong: ['1', '3'] },
    { gold: '\\frac{1+(-1)^n}{2}', wrong: ['0', '1'] },
    { gold: '2^n+(-2)^n', right: ['2^n(1+(-1)^n)'], wrong: ['0'] },
    {
      gold: '\\lfloor n/2\\rfloor',
      right: ['\\frac{2n-1+(-1)^n}{4}', '\\frac{n-(n\\bmod 2)}{2}'],
      wrong: ['\\frac{n-1}{2}', '\\frac n2'],
    },
    { gold: '\\lceil n/2\\rceil', right: ['\\lfloor\\frac{n+1}{2}\\rfloor'], wrong: ['\\frac{n+1}{2}'] },
    { gold: '\\lfloor x\\rfloor', right: ['\\lfloor x+1\\rfloor-1'], wrong: ['x', '\\lceil x\\rceil'] },
    { gold: 'x-\\lfloor x\\rfloor', right: ['x \\bmod 1'], wrong: ['0'] },
    { gold: 'n\\bmod 2', right: ['\\frac{1-(-1)^n}{2}'], wrong: ['1', '0', 'n\\bmod 3'] },
    { gold: '\\lfloor n^2/4\\rfloor', wrong: ['(n^2-1)/4', 'n^2/4'] },
    { gold: '\\gcd(n,6)', wrong: ['1', '6', '\\gcd(n,3)'] },
    { gold: '\\gcd(n,143)', wrong: ['1', '\\gcd(n,13)'] },
    { gold: '\\gcd(a,b)', right: ['\\gcd(b,a+b)'], wrong: ['1', '\\gcd(a,2b)'] },
    { gold: '\\operatorname{lcm}(a,b)', right: ['\\frac{ab}{\\gcd(a,b)}'], wrong: ['ab'] },
    {
      gold: '\\binom{n}{k}',
      right: ['\\frac{n!}{k!(n-k)!}', '\\binom{n}{n-k}'],
      wrong: ['0', '\\binom{k}{n}'],
    },
    { gold: '\\binom{n}{50}', right: ['\\frac{n!}{50!(n-50)!}'], wrong: ['0', '\\frac{n!}{(n-50)!}'] },
    { gold: 'n!', right: ['n(n-1)!'], wrong: ['39n^2-255n+420'] },
  ],
  'functions in pieces': [
    { gold: '|x|', right: ['\\sqrt{x^2}', '|-x|'], wrong: ['x', '-x'] },
    { gold: '\\max(x,2000000)', wrong: ['2000000', 'x'] },
    { gold: '\\min(x,10^5)', wrong: ['x'] },
    { gold: '|x-10^6|', right: ['|10^6-x|'], wrong: ['10^6-x', 'x-10^6'] },
    { gold: '\\pi\\max(x,10)', right: ['\\pi\\frac{x+10+|x-10|}{2}'], wrong: ['10\\pi', '\\pi x'] },
    { gold: '\\pi\\lfloor x^2/100\\rfloor', wrong: ['0'] },
    { gold: 'n!|x|', right: ['n!\\sqrt{x^2}'], wrong: ['n!x', 'n!\\lfloor|x|\\rfloor'] },
    { gold: '\\operatorname{sgn}(x)', wrong: ['1', '-1'] },
  ],
  'large and small numbers': [
    { gold: 'e^{100}', right: ['(e^{50})^2'], wrong: ['e^{100}+1', 'e^{100}+10^{-9}'] },
    { gold: '2^{100}\\sqrt3', right: ['\\sqrt{3\\cdot 4^{100}}'], wrong: ['2^{100}\\sqrt3+1'] },
    { gold: '\\sqrt2\\cdot10^{31}', right: ['\\sqrt{2\\cdot10^{62}}'], wrong: ['\\sqrt2\\cdot10^{31}+1'] },
    { gold: '\\sqrt2\\cdot10^{-40}', wrong: ['0', '2\\sqrt2\\cdot10^{-40}'] },
    { gold: '10^{60}+\\sqrt2-10^{60}', right: ['\\sqrt2'], wrong: ['0'] },
    { gold: '10^{-9}', right: ['0.000000001'], wrong: ['0.0', '0'] },
    { gold: '.0000672', right: ['0.0000672', '6.72\\times10^{-5}'], wrong: ['.000067', '0.0000673'] },
    { gold: '0', right: ['0.0'], wrong: ['0.001'] },
  ],
  'letters that are no factors': [
    {
      gold: '\\frac{dy}{dx}',
      right: ['dy/dx', '\\frac{\\mathrm{d}y}{\\mathrm{d}x}'],
      wrong: ['y/x', '\\frac{dx}{dy}'],
    },
    { gold: '\\frac{dy}{dx}=2x', right: ['2x', '\\frac{dy}{dx}=x+x'], wrong: ['\\frac yx=2x'] },
    { gold: '\\frac{\\partial u}{\\partial x}', wrong: ['\\frac ux'] },
    {
      gold: '\\vec a\\times\\vec b',
      right: ['\\vec{a}\\times\\vec{b}'],
      wrong: ['\\vec b\\times\\vec a', '\\vec a\\cdot\\vec b'],
    },
  ],
  'equations of numbers': [
    { gold: '5', right: ['2+3=5', 'x=5', 'a+b=5'], wrong: ['2=5', '2\\cdot3=5'] },
    { gold: '3.14', right: ['\\frac{22}{7}=3.14'], wrong: ['\\frac{23}{7}=3.14'] },
    { gold: '\\frac12', right: ['50\\%=\\frac12'], wrong: ['50\\%=0.6'] },
  ],
  magnitudes: [
    { gold: '5', wrong: ['5\\text{ thousand}', '5 million', '5~\\mathrm{billion}'] },
    {
      gold: '5000',
      right: ['5\\text{ thousand}', '5 thousand', '\\$5\\text{ thousand dollars}'],
      wrong: ['5\\text{ million}'],
    },
    { gold: '1500000', right: ['1\\frac12\\text{ million}', '1.5\\text{ million people}'], wrong: ['1.5'] },
  ],
};

expectVerdicts(cases, (gold, answer) => verify(`$${gold}$`, `\\boxed{${answer}}`, defaultVerifyOptions));

/** Whole texts. */
const texts: readonly (readonly [gold: string, prediction: string, verdict: string])[] = [
  ['3 million', '3 thousand', 'wrong'],
  ['3 million', '3,000,000', 'right'],
  ['3500000', 'It costs $3.5 million.', 'right'],
  ['3500000', 'It is $3.5$ million.', 'right'],
  ['5', 'The answer is 5 thousand', 'wrong'],
  ['7', 'The answer is 7 hundredths', 'right'],
  ['3:00 a.m.', '3:00 p.m.', 'wrong'],
  ['3:00 a.m.', '3:00 AM', 'right'],
  ['3:00 a.m.', 'at 3:00', 'right'],
  ['$3:00\\text{ p.m.}$', '\\boxed{3:00 PM}', 'right'],
  ['$3:00\\text{ p.m.}$', '\\boxed{3:00\\text{ a.m.}}', 'wrong'],
  ['5', 'The answer is 5½', 'wrong'],
  ['5.5', 'The answer is 5½.', 'right'],
  ['5.5', 'We need 5 ½ cups', 'right'],
  ['25', 'The answer is 5²', 'right'],
  ['5', 'The answer is 5²', 'wrong'],
  ['(-\\infty,2)\\cup(3,\\infty)', '$x<2$ or $x>3$', 'right'],
  ['(-\\infty,2)\\cup(3,\\infty)', '$x<2$ and $x>3$', 'wrong'],
  ['$\\text{Evelyn}$', 'After 3 hours, the answer is **Evelyn**.', 'right'],
  ['$\\text{Evelyn}$', 'The answer is not Evelyn.', 'wrong'],
  ['$\\text{Evelyn}$', '\\boxed{Bob}. The answer is Evelyn.', 'wrong'],
  ['$\\text{June 20}$', '\\boxed{June 20}', 'right'],
  ['$\\text{June 20}$', '\\boxed{June 21}', 'wrong'],
];

test.each(texts)('gold %j, prediction %j: %s', (gold, prediction, verdict) => {
  expect(verify(gold, prediction, defaultVerifyOptions)).toBe(verdict);
});
