import { describe, expect, test } from 'vitest';
import { key } from '../../../rewards/math/algebra/expression.ts';
import { extract } from '../../../rewards/math/find/extract.ts';
import { defaultVerifyOptions as options, type VerifyOptions, verify } from '../../../rewards/math/verify.ts';

const check = (gold: string, prediction: string, given: Partial<VerifyOptions> = {}) =>
  verify(gold, prediction, { ...options, ...given });

describe('allowSetRelationComp', () => {
  const pairs = [
    ['$[-4,9]$', '$-4\\le x\\le 9$'],
    ['$(-\\infty,0)$', '$t<0$'],
    ['$\\mathbb{R}\\setminus\\{5\\}$', '$x\\ne 5$'],
  ] as const;

  test('an inequality answers a gold set only with it; a set always answers a gold inequality', () => {
    for (const [set, relation] of pairs) {
      expect(check(set, relation, { allowSetRelationComp: true }), relation).toBe('right');
      expect(check(set, relation, { allowSetRelationComp: false }), relation).toBe('wrong');
      expect(check(relation, set, { allowSetRelationComp: false }), set).toBe('right');
    }
  });

  test('an equation is its right side, and x ∈ S is S, whatever the option', () => {
    for (const allowSetRelationComp of [true, false]) {
      expect(check('$\\{3\\}$', '$x=3$', { allowSetRelationComp })).toBe('right');
      expect(check('$[-4,9]$', '$x\\in[-4,9]$', { allowSetRelationComp })).toBe('right');
      expect(check('$\\{-2,2\\}$', '$x^2=4$', { allowSetRelationComp })).toBe('wrong');
    }
  });
});

describe('strict', () => {
  test('without it the n-th variable of one answer is the n-th of the other, once for the whole answer', () => {
    const right = [
      ['$u+1$', '$v+1$'],
      ['$f(s)$', '$f(t)$'],
      ['$p-q$', '$x-y$'],
      ['$(m,2n)$', '$(a,2b)$'],
    ] as const;
    const wrong = [
      ['$p-q$', '$y-x$'],
      ['$(m,2n)$', '$(b,2a)$'],
      ['$f(s)$', '$g(s)$'],
      ['$f(s)$', '$s$'],
      ['$u+1$', '$v+2$'],
      ['$u+v$', '$2u$'],
    ] as const;
    for (const [gold, prediction] of right)
      expect(check(gold, prediction, { strict: false }), prediction).toBe('right');
    for (const [gold, prediction] of wrong)
      expect(check(gold, prediction, { strict: false }), prediction).toBe('wrong');
    for (const [gold, prediction] of right) expect(check(gold, prediction), prediction).toBe('wrong');
  });
});

test('precision counts decimals where a number is written with a decimal point', () => {
  expect(check('$\\frac{5}{7}$', '0.71', { precision: 2 })).toBe('right');
  expect(check('$\\frac{5}{7}$', '0.72', { precision: 2 })).toBe('wrong');
  expect(check('$\\frac{5}{7}$', '0.71')).toBe('wrong');
  expect(check('$\\frac{5}{7}$', '0.714286')).toBe('right');
  expect(check('$\\frac{5}{7}$', '$\\frac{71}{100}$', { precision: 2 })).toBe('wrong');
});

describe("target 'string'", () => {
  const letters: Partial<VerifyOptions> = { targets: ['string'] };
  const both: Partial<VerifyOptions> = { targets: ['latex', 'string'] };

  test('a letter of its own, in bold or in brackets', () => {
    for (const text of ['D', 'The answer is D.', '**D**', '(D)', 'I take B. No: the answer is D'])
      expect(check('D', text, letters), text).toBe('right');
    for (const text of ['The answer is B', 'D, but the answer is C', 'DD', 'none'])
      expect(check('D', text, letters), text).toBe('wrong');
  });

  test('beside LaTeX the same letter may stand in a box', () => {
    for (const text of ['The answer is B.', '$\\boxed{B}$', '\\boxed{\\text{B}}', '- B'])
      expect(check('B', text, both), text).toBe('right');
    expect(check('B', '\\boxed{C}', both)).toBe('wrong');
    expect(check('$\\text{B}$', 'The answer is B.', both)).toBe('right');
  });

  test('case counts when it is not lowered', () => {
    const words: Partial<VerifyOptions> = { targets: ['string', 'latex'], strings: ['Yes', 'No'] };
    expect(check('Yes', '$\\text{yes}$', words)).toBe('right');
    expect(check('Yes', '$\\text{yes}$', { ...words, lowercase: false })).toBe('wrong');
  });
});

describe('lenient', () => {
  const strict: Partial<VerifyOptions> = { lenient: false };

  test('without it only what Math-Verify finds is read', () => {
    for (const [gold, prediction] of [
      ['3000', '3e3'],
      ['2.75', '2 3/4'],
      ['8', '<answer>8</answer>'],
      ['$\\frac34$', '¾'],
      ['$z^2$', 'z^2'],
      ['8', '\\boxed{8.}'],
    ] as const) {
      expect(check(gold, prediction), prediction).toBe('right');
      expect(check(gold, prediction, strict), prediction).toBe('wrong');
    }
  });

  test("a gold answer that is found but not read is nobody's but its own text's", () => {
    expect(check('$\\frac{$', '8', strict)).toBe('wrong');
    expect(check('nothing here', '8', strict)).toBe('unreadable');
  });
});

test('without repairs, LaTeX that lacks its braces is not read', () => {
  for (const text of ['\\frac34', '\\frac{3}4', '\\sqrt9', 'x^(2)', '\\log_28', '\\dfrac 3 4', '2^-1']) {
    expect(extract(`$${text}$`, { ...options, repairs: false }).answer, text).toBeUndefined();
    expect(extract(`$${text}$`, options).answer, text).toBeDefined();
  }
  for (const text of ['\\frac{3}{4}', '\\frac {\\sqrt{3}} {4}', '\\sqrt[3]{8}', 'x^2', '\\log_2 8'])
    expect(extract(`$${text}$`, { ...options, repairs: false }).answer, text).toBeDefined();
});

describe('extract', () => {
  const read = (text: string, given: Partial<VerifyOptions> = {}) => {
    const { answer, unread } = extract(text, { ...options, lenient: false, ...given });
    return [answer?.value && key(answer.value), (unread ?? answer)?.text];
  };

  test('the text is spelt as Math-Verify spells it', () => {
    expect(read('$\\left(\\dfrac12, .5\\right)$')[1]).toBe('(\\frac{1}{2}, 0.5)');
    expect(read('$10{,}500\\text{ cm}^2$')[1]).toBe('10,500');
    expect(read('$3/4$')[1]).toBe('\\frac{3}{4}');
    expect(read('$0.5$')[1]).toBe('\\frac{1}{2}');
    expect(read('#### 0012,500')[1]).toBe('12.500');
    expect(read('$2\\sqrt3 \\mathrm{ and } 5$')[1]).toBe('2\\sqrt{3} \\text{, } 5');
    expect(read('$4$ and $5$')[1]).toBe('4 and 5');
  });

  test('a match that can not be read leaves its text, and the next one its value', () => {
    expect(read('It is 6. \\boxed{\\frac{}')).toEqual(['6/1', '{\\frac{}']);
    expect(read('It is 6. \\boxed{\\frac{}', { extractionMode: 'first_match' })).toEqual([
      undefined,
      '{\\frac{}',
    ]);
  });
});
