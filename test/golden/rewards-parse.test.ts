import { describe, expect, test } from 'vitest';
import { type Expr, key } from '../../rewards/math/algebra/expression.ts';
import { sameAnswer } from '../../rewards/math/compare/compare.ts';
import { type Extracted, extract } from '../../rewards/math/find/extract.ts';
import { defaultVerifyOptions } from '../../rewards/math/verify.ts';
import { knownFields } from './golden-files.ts';
import { missing, readRows } from './rewards-files.ts';
import { isSympyKind, lowered, parseSympy } from './sympy-text.ts';

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

const show = (item: string | Expr) => (typeof item === 'string' ? item : key(item));

function matches(item: string | Expr, expected: string): boolean {
  const [, type, text] = /^(\w+): ([\s\S]*)$/.exec(expected)!;
  if (type === 'str' || typeof item === 'string') return type === 'str' && item === text;
  return isSympyKind(item, type!) && sameAnswer(parseSympy(text!), lowered(item), defaultVerifyOptions);
}
