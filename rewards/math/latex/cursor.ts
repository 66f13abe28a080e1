import type { Expr } from '../algebra/expression.ts';
import type { Token } from './latex-tokens.ts';

const END: Token = { type: 'end', text: '', spaced: false };

/** Where a parse stands in its tokens, and what ends a product there. */
export class Cursor {
  readonly #tokens: readonly Token[];
  readonly rules: Rules;
  #at = 0;
  /** Inside |…| a bar closes; outside it opens. */
  bars = 0;
  /** An unbracketed function argument ends before the next function: sin b cos a. */
  noFunctions = false;
  /** Inside an integral, d followed by a letter ends the integrand. */
  differentials = false;

  constructor(tokens: readonly Token[], rules: Rules) {
    this.#tokens = tokens;
    this.rules = rules;
  }

  get token(): Token {
    return this.#tokens[this.#at] ?? END;
  }

  peek(ahead = 1): Token {
    return this.#tokens[this.#at + ahead] ?? END;
  }

  next(): Token {
    return this.#tokens[this.#at++] ?? END;
  }

  is(type: Token['type'], text?: string): boolean {
    return this.token.type === type && (text === undefined || this.token.text === text);
  }

  /** True when the token is one of these marks ('+') or commands ('\\cdot'). */
  isOneOf(names: ReadonlySet<string>): boolean {
    const { type, text } = this.token;
    return (type === 'mark' && names.has(text)) || (type === 'command' && names.has(`\\${text}`));
  }

  /** Takes a mark or command if it comes next. */
  take(name: string): boolean {
    const isCommand = name.length > 1 && name.startsWith('\\');
    const found = isCommand ? this.is('command', name.slice(1)) : this.is('mark', name);
    if (found) this.#at++;
    return found;
  }

  expect(name: string): void {
    if (!this.take(name)) throw new Error(`expected ${name}, found ${this.token.text || 'the end'}`);
  }

  /** Runs `parse`; when it fails, nothing was read. */
  attempt<T>(parse: () => T): T | undefined {
    const [at, bars] = [this.#at, this.bars];
    try {
      return parse();
    } catch (error) {
      if (error instanceof RangeError) throw error;
      [this.#at, this.bars] = [at, bars];
      return undefined;
    }
  }

  /** Runs `parse` with some of the cursor's limits changed. */
  within<T>(limits: { bars?: number; noFunctions?: boolean; differentials?: boolean }, parse: () => T): T {
    const { bars, noFunctions, differentials } = this;
    Object.assign(this, limits);
    try {
      return parse();
    } finally {
      Object.assign(this, { bars, noFunctions, differentials });
    }
  }
}

/** The grammar's mutually recursive entry points. */
export interface Rules {
  /** Sums, products, powers. */
  readonly expression: (c: Cursor) => Expr;
  /** One product without explicit + or −: the body of \sum, \lim. */
  readonly term: (c: Cursor) => Expr;
  /** One product with its signs: what ** raises to. */
  readonly unary: (c: Cursor) => Expr;
  /** One signed atom: a script without braces. */
  readonly script: (c: Cursor) => Expr;
  /** A list of relations and sets separated by , or ; */
  readonly list: (c: Cursor) => Expr;
  /** The elements of such a list, and whether any separator stood between them. */
  readonly elements: (c: Cursor) => { items: Expr[]; separated: boolean };
}
