import { TemplateError } from '../values/values.ts';
import type { AnyToken } from './tokens.ts';

/** Goes through tokens one by one. */
export class TokenStream {
  private readonly tokens: readonly AnyToken[];
  private at = 0;

  constructor(tokens: readonly AnyToken[]) {
    this.tokens = tokens;
  }

  get current(): AnyToken {
    return this.tokens[this.at]!;
  }

  private get following(): AnyToken | undefined {
    return this.tokens[this.at + 1];
  }

  next(): AnyToken {
    const token = this.current;
    if (token.type !== 'end') this.at++;
    return token;
  }

  is(type: AnyToken['type'], ...texts: readonly string[]): boolean {
    return this.current.type === type && (texts.length === 0 || texts.includes(this.current.text));
  }

  /** Whether the next token but one is this. */
  follows(type: AnyToken['type'], text: string): boolean {
    return this.following?.type === type && this.following.text === text;
  }

  skip(type: AnyToken['type'], text: string): boolean {
    const found = this.is(type, text);
    if (found) this.next();
    return found;
  }

  /** @throws TemplateError when the current token is another. */
  expect(type: AnyToken['type'], text?: string): AnyToken {
    if (!this.is(type, ...(text === undefined ? [] : [text]))) this.fail(`expected ${text ?? type}`);
    return this.next();
  }

  fail(why: string): never {
    throw new TemplateError(`${why}, got ${JSON.stringify(this.current.text)}`);
  }
}
