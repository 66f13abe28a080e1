import type { Span } from '../clean/spans.ts';
import { magnitudeAt } from './magnitudes.ts';

/** One piece of mathematics in running text: what stands between its delimiters. */
export interface LatexEnvironment extends Span {
  readonly content: string;
  /** A percent sign or word follows. */
  readonly percent: boolean;
  /** The magnitude that follows: $5$ million. */
  readonly magnitude: string;
}

/** Neighbouring pieces joined by 'and', 'or' or a comma: $1$, $2$ and $3$. */
export interface LatexRun extends Span {
  readonly pieces: readonly LatexEnvironment[];
  /** 'or' stands between all of them. */
  readonly isChoice: boolean;
}

/** Limits on one piece keep hostile text linear. */
const environments: readonly RegExp[] = [
  /(?<!\\)\$\$(?<content>(?:[^$]|\$(?!\$)){1,20000}?)(?<!\\)\$\$/y,
  /(?<!\\)\\\[(?<content>(?:[^\\]|\\(?!\])){1,20000}?)(?<!\\)\\\]/y,
  /(?<![\\\d])\$(?<content>(?:\\\$|[^\n$]){1,20000}?)(?<!\\)\$/y,
  /(?<!\\)\\\((?<content>(?:[^\\\n]|\\(?!\))){1,5000}?)(?<!\\)\\\)/y,
  /\s\[(?<content>[^\n\][]{1,5000}?)\]\s/y,
  /(?<content>-?\\frac\{-?\d+(?:[.,]\d+)?\}\{-?\d+(?:[.,]\d+)?\})/y,
];
const percent = /\s*(?<percent>\\?%|[Pp]ercentage|[Pp]ercent|[Pp]ct)?/y;
const separator = /\s*(?:,?and|,?or|,)\s*/y;
const MOST_PIECES = 6;

/** Finds LaTeX in one text; what was found at a place is remembered. */
export class LatexScanner {
  readonly #text: string;
  readonly #found = new Map<number, LatexEnvironment | null>();

  constructor(text: string) {
    this.#text = text;
  }

  /** The run that starts at `at`; with `boxed`, only of pieces that hold a \boxed{…}. */
  runAt(at: number, boxed: boolean): LatexRun | undefined {
    const first = this.#environmentAt(at, boxed);
    if (first === undefined) return undefined;
    const pieces = [first];
    let isChoice = true;
    while (pieces.length < MOST_PIECES) {
      separator.lastIndex = pieces.at(-1)!.end;
      const gap = separator.exec(this.#text);
      const next = gap === null ? undefined : this.#environmentAt(separator.lastIndex, boxed);
      if (next === undefined) break;
      pieces.push(next);
      isChoice &&= gap![0].includes('or');
    }
    return { start: at, end: pieces.at(-1)!.end, pieces, isChoice };
  }

  /** Every run in the text, left to right, none overlapping. */
  *runs(boxed: boolean): Generator<LatexRun> {
    for (let at = 0; at < this.#text.length; ) {
      const run = this.runAt(at, boxed);
      if (run !== undefined) yield run;
      at = run === undefined ? at + 1 : Math.max(run.end, at + 1);
    }
  }

  #environmentAt(at: number, boxed: boolean): LatexEnvironment | undefined {
    let found = this.#found.get(at);
    if (found === undefined) {
      found = this.#read(at);
      this.#found.set(at, found);
    }
    return found === null || (boxed && !/\\boxed\{[\s\S]/.test(found.content)) ? undefined : found;
  }

  #read(at: number): LatexEnvironment | null {
    const character = this.#text[at]!;
    if (!/[$\\\s-]/.test(character)) return null;
    for (const pattern of environments) {
      pattern.lastIndex = at;
      const match = pattern.exec(this.#text);
      if (match === null) continue;
      percent.lastIndex = at + match[0].length;
      const tail = percent.exec(this.#text)!;
      return {
        start: at,
        end: percent.lastIndex,
        content: match.groups!.content!,
        percent: tail.groups!.percent !== undefined,
        magnitude: magnitudeAt(this.#text, percent.lastIndex)?.word ?? '',
      };
    }
    return null;
  }
}

/** The text from the first \boxed{ (lenient: \boxed {, \fbox{ too) to the last closing brace: where no delimiters stand around a box. */
export function boxedSpan(text: string, lenient: boolean): Span | undefined {
  const command = (lenient ? /\\(?:boxed|fbox)\s?\{/ : /\\boxed\{/).exec(text);
  const end = text.lastIndexOf('}');
  if (command === null || end <= command.index + command[0].length) return undefined;
  return { start: command.index, end: end + 1 };
}
