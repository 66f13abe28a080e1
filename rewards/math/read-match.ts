import { boxedContents } from './boxed.ts';
import { call, type Expr, isUnordered, num } from './expression.ts';
import { fallbackText } from './fallback-text.ts';
import { isMalformed } from './malformed.ts';
import { normalizeLatex } from './normalize-latex.ts';
import { parseLatex } from './parse-latex.ts';
import { fromDecimal } from './rational.ts';
import type { LatexRun } from './scan-latex.ts';
import type { PlainMatch } from './scan-numbers.ts';

/** What a match in the text says. */
export interface Answer {
  /** What the match means; undefined when it can't be read. */
  readonly value?: Expr;
  /** A literal answer of target 'string'. */
  readonly literal?: string;
  /** The match's LaTeX, cleaned. */
  readonly latex?: string;
  readonly unit?: string;
  /** The match as Math-Verify would spell it. */
  readonly text: string;
}

export function readRun({ pieces }: LatexRun, { lenient, repairs }: Reading): Answer {
  const answers = pieces.map(({ content, percent }) =>
    latexAnswer(content, { lenient, repairs, boxes: 'all', percent }),
  );
  const [first] = answers;
  if (answers.length > 1 && answers.every((answer) => answer.value !== undefined)) {
    const items = answers.flatMap(({ value }) => (isUnordered(value!) ? value.args : [value!]));
    const text = () => answers.map((answer) => answer.text).join(' and ');
    return spelledLater({ value: call('Set', ...items) }, text);
  }
  return first!;
}

/** How much is understood: see ExtractOptions. */
interface Reading {
  readonly lenient: boolean;
  readonly repairs: boolean;
}

/**
 * @param boxes whether all boxes in the match are read, or the last ones that belong together.
 * @param percent a percent sign follows the match.
 */
export function latexAnswer(
  match: string,
  { lenient, repairs, boxes, percent }: Reading & { boxes: 'last' | 'all'; percent: boolean },
): Answer {
  const { latex, unit } = normalizeLatex(match, boxes);
  const refused =
    (!lenient && /[.,;]$/.test(latex)) || (!repairs && isMalformed(boxedContents(match, boxes)));
  const value = refused ? undefined : (readLatex(latex) ?? lastEquation(latex));
  const whole = value !== undefined && percent ? call('Percent', value) : value;
  return spelledLater(
    { latex, ...(whole === undefined ? {} : { value: whole }), ...(unit === undefined ? {} : { unit }) },
    () => fallbackText(match, { boxes, repairs }),
  );
}

/** Texts are rarely asked for. */
const spelledLater = (answer: Omit<Answer, 'text'>, text: () => string): Answer =>
  Object.defineProperty(answer, 'text', { get: text }) as Answer;

/** The value of an answer's LaTeX, when it can be read. */
export function readLatex(latex: string): Expr | undefined {
  if (latex === '') return undefined;
  try {
    return parseLatex(latex);
  } catch {
    // Unreadable, or nested beyond the stack: there is no value either way.
    return undefined;
  }
}

/** The right side of the last '=' of a chain that can't be read whole. */
function lastEquation(latex: string): Expr | undefined {
  if (/[,;]/.test(latex)) return undefined;
  const sides = latex.split(/(?<![\\<!>])=/);
  return sides.length > 2 ? readLatex(sides.at(-1)!.trim()) : undefined;
}

export function readPlain(text: string, match: PlainMatch, lenient: boolean): Answer {
  if (match.expression !== undefined) {
    const value = plainExpression(match.expression, lenient);
    return { text: match.expression, ...(value === undefined ? {} : { value }) };
  }
  const digits = match.number!;
  const value = num(fromDecimal(digits), digits.includes('.'));
  const unit = plainUnit.exec(text.slice(match.end, match.end + 24))?.[1];
  return {
    value: match.percent ? call('Percent', value) : value,
    text: digits.replace(/^0+(?=\d)/, ''),
    ...(unit === undefined ? {} : { unit }),
  };
}

const plainUnit = /^\s?([a-zA-Z]+(?:\^?[23]|[²³])?(?:\s?\/\s?[a-zA-Z]+(?:\^?[23]|[²³])?)?)(?![a-zA-Z])/;

/** '2+3*4', '(1+1)/4', '2 1/2'. Numbers side by side are no product here. */
function plainExpression(expression: string, lenient: boolean): Expr | undefined {
  // '**1/2**' is bold.
  const text = (lenient ? expression.replace(/\s*\*\*[\s.]*$/, '') : expression).trim();
  // What Python can't evaluate.
  if (!lenient && /[×÷]|\)\.$/.test(text)) return undefined;
  const [, top, bottom] = /^-?\d+\s+(\d+)\s*\/\s*(\d+)$/.exec(text) ?? [];
  const isMixed = lenient && Number(top) < Number(bottom);
  if (!isMixed && /[\d.)]\s+[\d(.]|\)\s*[\d(]|\d\s*\(/.test(text)) return undefined;
  return readLatex(text);
}
