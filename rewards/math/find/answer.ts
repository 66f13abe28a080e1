import type { Expr } from '../algebra/expression.ts';

/** What a match in the text says. */
export interface Answer {
  /** What the match means; undefined when it can't be read. */
  readonly value?: Expr;
  /** A literal answer of target 'string'. */
  readonly literal?: string;
  /** The match's LaTeX, cleaned. */
  readonly latex?: string;
  readonly unit?: string;
  /** When it holds: 'k\\in\\mathbb{Z}'. */
  readonly clause?: string;
  /** What the numbers of a list count, in their order: chickens, rabbits. */
  readonly nouns?: readonly string[];
  /** The numbers make one quantity: 5 hours 30 minutes. */
  readonly isCompound?: boolean;
  /** The match as Math-Verify would spell it. */
  readonly text: string;
}
