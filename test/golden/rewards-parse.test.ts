import { describe, expect, test } from 'vitest';
import { sameAnswer } from '../../rewards/math/compare.ts';
import { type Expr, key } from '../../rewards/math/expression.ts';
import { type Extracted, extract } from '../../rewards/math/extract.ts';
import { parseLatex } from '../../rewards/math/parse-latex.ts';
import { defaultVerifyOptions } from '../../rewards/math/verify.ts';
import { knownFields } from './golden-files.ts';
import { missing, readRows } from './rewards-files.ts';

const FILE = 'parse-cases.jsonl';
const options = [
  ...[
    'targets',
    'extractionMode',
    'fallbackMode',
    'boxedMatchPriority',
    'tryExtractWithoutAnchor',
    'strings',
    'lowercase',
  ],
];

describe.skipIf(missing(FILE))(`parse cases ${missing(FILE) ?? ''}`, () => {
  test.each(missing(FILE) === undefined ? readRows(FILE) : [])('$id: $text', (row) => {
    knownFields(row, ['id', 'text', 'options', 'parsed', 'note'], row.id);
    knownFields(row.options, options, `${row.id}.options`);
    const { fallbackMode, ...given } = row.options;
    if (fallbackMode !== 'first_match' && fallbackMode !== 'no_fallback')
      throw new Error(`fallbackMode ${fallbackMode}`);
    const extracted = extract(row.text, { ...defaultVerifyOptions, lenient: false, ...given });
    const found = [...values(extracted), ...(fallbackMode === 'first_match' ? texts(extracted) : [])];
    expect(found.length, `${row.parsed} against ${found.map(show)}`).toBe(row.parsed.length);
    for (const [i, expected] of row.parsed.entries())
      expect(found[i]).toSatisfy((item: string | Expr) => matches(item, expected));
  });
});

const values = ({ answer }: Extracted): (string | Expr)[] =>
  [answer?.literal ?? answer?.value].filter((value) => value !== undefined);
const texts = ({ answer, unread }: Extracted): string[] =>
  [(unread ?? answer)?.text].filter((text) => text !== undefined && text !== '') as string[];

/** sympy's types of numbers and lists, and how ours tell them apart. */
const kinds: Readonly<Record<string, (expr: Expr) => boolean>> = {
  Float: (expr) => expr.kind === 'num' && expr.decimal,
  Integer: isExact,
  Rational: isExact,
  FiniteSet: (expr) => expr.kind === 'call' && expr.head === 'Set',
  Mul: (expr) => expr.kind === 'call' || isExact(expr),
  Add: (expr) => expr.kind === 'call',
};
const numbers = ['One', 'Zero', 'NegativeOne', 'Half'];

const show = (item: string | Expr) => (typeof item === 'string' ? item : key(item));

function isExact(expr: Expr): boolean {
  return expr.kind === 'num' && !expr.decimal;
}

function matches(item: string | Expr, expected: string): boolean {
  const [, type, text] = /^(\w+): ([\s\S]*)$/.exec(expected)!;
  if (type === 'str') return item === text;
  const isKind = kinds[numbers.includes(type!) ? 'Integer' : type!];
  if (isKind === undefined) throw new Error(`this test does not know sympy's ${type}`);
  const value = parseLatex(text!.replace(/^\{(.*)\}$/, '\\{$1\\}'));
  return typeof item !== 'string' && isKind(item) && sameAnswer(value, item, defaultVerifyOptions);
}
