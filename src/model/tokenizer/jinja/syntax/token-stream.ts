import { TemplateError } from '../values/values.ts';
import type { Token } from './token.ts';

/** Goes through tokens one by one. */
export class TokenStream {
  private readonly tokens: readonly Token[];
  private at = 0;

  constructor(tokens: readonly Token[]) {
    this.tokens = tokens;
  }

  get current(): Token {
    return this.tokens[this.at]!;
  }

  private get following(): Token | undefined {
    return this.tokens[this.at + 1];
  }

  next(): Token {
    const token = this.current;
    if (token.type !== 'end') this.at++;
    return token;
  }

  is(type: Token['type'], ...texts: readonly string[]): boolean {
    return this.current.type === type && (texts.length === 0 || texts.includes(this.current.text));
  }

  /** Whether the next token but one is this. */
  follows(type: Token['type'], text: string): boolean {
    return this.following?.type === type && this.following.text === text;
  }

  skip(type: Token['type'], text: string): boolean {
    const found = this.is(type, text);
    if (found) this.next();
    return found;
  }

  /** @throws TemplateError when the current token is another. */
  expect(type: Token['type'], text?: string): Token {
    if (!this.is(type, ...(text === undefined ? [] : [text]))) this.fail(`expected ${text ?? type}`);
    return this.next();
  }

  fail(why: string): never {
    throw new TemplateError(`${why}, got ${JSON.stringify(this.current.text)}`);
  }
}
