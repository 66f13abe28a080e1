/** Pieces of a template: its text, the ends of tags, and what stands in them. */
interface MarkToken {
  readonly type: 'data' | 'begin write' | 'end write' | 'begin block' | 'end block' | 'end';
  readonly text: string;
}

export interface ValueToken {
  readonly type: 'name' | 'text' | 'integer' | 'float' | 'operator';
  /** A name, an operator, or the content of a text. */
  readonly text: string;
}

export type Token = MarkToken | ValueToken;
