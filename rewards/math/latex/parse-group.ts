import { call, type Expr } from '../algebra/expression.ts';
import { bothSigns } from '../algebra/signs.ts';
import type { Cursor } from './cursor.ts';

/** Brackets and what stands in them. */

/** (…), […] or {…}: an expression, tuple, interval or set. */
export function parseGroup(c: Cursor): Expr {
  const open = c.next().text;
  return c.within({ bars: 0, noFunctions: false, differentials: false }, () => {
    const { items, separated } = c.rules.elements(c);
    const close = c.next();
    if (open === '{') {
      if (close.text !== '}') throw new Error('brace never closed');
      return items.length === 1 && !separated ? items[0]! : call('Set', ...items.flatMap(bothSigns));
    }
    if (close.text !== ')' && close.text !== ']') throw new Error('bracket never closed');
    if (items.length === 1 && !separated) {
      if (open === '(' ? close.text === ')' : close.text === ']') return items[0]!;
      throw new Error('brackets that do not match');
    }
    if (open === '(' && close.text === ')') return call('Tuple', ...items);
    if (items.length !== 2) {
      if (open === '[' && close.text === ']') return call('Tuple', ...items);
      throw new Error('an interval has two ends');
    }
    return {
      kind: 'interval',
      left: items[0]!,
      right: items[1]!,
      leftOpen: open === '(',
      rightOpen: close.text === ')',
    };
  });
}

/** The rest of |…|, ⌊…⌋ and the like, up to the bracket that closes it. */
export function closed(c: Cursor, head: string, close: string): Expr {
  const inner = c.within({ bars: c.bars + 1, noFunctions: false }, () => c.rules.expression(c));
  c.expect(close);
  return call(head, inner);
}

/** The rest of \{…\}, after the opening brace. */
export function parseSet(c: Cursor, close: string): Expr {
  return c.within({ bars: 1, noFunctions: false, differentials: false }, () => {
    if (c.take(close)) return call('Set');
    const { items } = c.rules.elements(c);
    // Set-builder notation: {x : x > 0} is the condition itself.
    if (c.take('\\mid') || c.take('|') || c.take(':')) {
      const condition = c.within({ bars: 0 }, () => c.rules.list(c));
      c.expect(close);
      return condition;
    }
    c.expect(close);
    return call('Set', ...items.flatMap(bothSigns));
  });
}

/** The rest of \lbrack … \rbrack and the like. */
export function parseNamedGroup(c: Cursor, close: string): Expr {
  const { items, separated } = c.within({ bars: 0, noFunctions: false }, () => c.rules.elements(c));
  c.expect(close);
  return items.length === 1 && !separated ? items[0]! : call('Tuple', ...items);
}

/** The rest of ⟨…⟩. */
export function parseAngles(c: Cursor): Expr {
  const { items } = c.within({ bars: 0, noFunctions: false }, () => c.rules.elements(c));
  c.expect('\\rangle');
  return call('Tuple', ...items);
}
