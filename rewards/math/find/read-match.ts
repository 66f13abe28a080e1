import { alternatives } from '../algebra/alternatives.ts';
import { call, type Expr, isUnordered, type Num, num } from '../algebra/expression.ts';
import { fromDecimal, integer, isInteger, multiply } from '../algebra/rational.ts';
import { boxedContents } from '../clean/boxed.ts';
import { withoutClauses, withPlainWords } from '../clean/clauses.ts';
import { fallbackText } from '../clean/fallback-text.ts';
import { withoutLabel } from '../clean/labels.ts';
import { isMalformed } from '../clean/malformed.ts';
import { normalizeLatex } from '../clean/normalize-latex.ts';
import { withCommands } from '../clean/spelled-names.ts';
import { withoutSpaceAround } from '../clean/typeset-space.ts';
import { parseLatex } from '../latex/parse-latex.ts';
import { isRefused } from '../sentences/refused.ts';
import type { Answer } from './answer.ts';
import { magnitudeAt, withoutMagnitudes } from './magnitudes.ts';
import { numberList } from './number-lists.ts';
import type { LatexRun } from './scan-latex.ts';
import type { PlainMatch } from './scan-numbers.ts';

export function readRun({ pieces, isChoice }: LatexRun, { lenient, repairs }: Reading): Answer {
  const answers = pieces.map(({ content, percent, magnitude }) => {
    // A box says how much is the answer.
    const match = magnitude === '' || content.includes('\\boxed') ? content : `${content} ${magnitude}`;
    return latexAnswer(match, { lenient, repairs, boxes: 'all', percent });
  });
  const [first] = answers;
  if (answers.length > 1 && answers.every((answer) => answer.value !== undefined)) {
    const items = answers.flatMap(({ value }) => (isUnordered(value!) ? value.args : [value!]));
    const text = () => answers.map((answer) => answer.text).join(' and ');
    return spelledLater({ value: isChoice ? alternatives(items) : call('Set', ...items) }, text);
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
  const counts = lenient ? countsIn(boxedContents(match, boxes)) : undefined;
  if (counts !== undefined) return counts;
  const { content, clause } = lenient ? plainContent(match, boxes) : { content: match };
  const { latex, unit } = normalizeLatex(content, boxes);
  const refused =
    (lenient && isRefusedNumber(match, boxes)) ||
    (!lenient && /[.,;]$/.test(latex)) ||
    (!repairs && isMalformed(boxedContents(match, boxes)));
  const value = refused ? undefined : (readLatex(latex) ?? lastEquation(latex));
  const whole = value !== undefined && percent ? call('Percent', value) : value;
  return spelledLater(
    {
      latex,
      ...(whole === undefined ? {} : { value: whole }),
      ...(unit === undefined ? {} : { unit }),
      ...(clause === undefined ? {} : { clause }),
    },
    () => fallbackText(match, { boxes, repairs }),
  );
}

/** 12 \text{ and above}, 12 \text{ squared}. */
function isRefusedNumber(match: string, boxes: 'last' | 'all'): boolean {
  const content = boxedContents(match, boxes);
  if (content.length > 80 || !/^-?\d.*[a-z]{4}/.test(content)) return false;
  return isRefused(withPlainWords(content).replace(/\s+/g, ' '));
}

/** 9 \text{ chickens}, 10 \text{ rabbits}; 3 5. */
function countsIn(content: string): Answer | undefined {
  const isApart = /^-?\d+(?:\s+-?\d+)+$/.test(content);
  if (!isApart && !/[a-zA-Z]{2}/.test(content)) return undefined;
  const list = numberList(withPlainWords(content));
  return isApart || list?.nouns !== undefined ? list : undefined;
}

/** What is written in a match, its label and its clauses taken off. */
function plainContent(match: string, boxes: 'last' | 'all'): { content: string; clause?: string } {
  const content = withoutLabel(withoutSpaceAround(boxedContents(withoutMagnitudes(match), boxes)));
  const { latex, clause } = withoutClauses(content);
  return { content: withCommands(latex), ...(clause === undefined ? {} : { clause }) };
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
    const unit = lenient ? unitAt(text, match.end) : undefined;
    return {
      text: match.expression,
      ...(value === undefined ? {} : { value }),
      ...(unit === undefined ? {} : { unit }),
    };
  }
  const digits = match.number!;
  const magnitude = lenient ? magnitudeAt(text, match.end) : undefined;
  const value = scaled(num(fromDecimal(digits), digits.includes('.')), magnitude?.exponent);
  const written = digits.replace(/^0+(?=\d)/, '');
  const unit = unitAt(text, magnitude?.end ?? match.end);
  return {
    value: match.percent ? call('Percent', value) : value,
    text: magnitude === undefined ? written : `${written} ${magnitude.word}`,
    ...(unit === undefined ? {} : { unit }),
  };
}

const plainUnit =
  /^\s?([ap]\.\s?m\b|[a-zA-Z]+(?:\^?[23]|[²³])?(?:\s?\/\s?[a-zA-Z]+(?:\^?[23]|[²³])?)?)(?![a-zA-Z])/;

const unitAt = (text: string, index: number) => plainUnit.exec(text.slice(index, index + 24))?.[1];

/** 3.5 million is a whole number. */
function scaled(number: Num, exponent = 0): Num {
  if (exponent === 0) return number;
  const value = multiply(number.value, integer(10 ** exponent))!;
  return num(value, !isInteger(value));
}

/** '2+3*4', '(1+1)/4', '2 1/2'. Numbers side by side are no product here. */
function plainExpression(expression: string, lenient: boolean): Expr | undefined {
  // '**1/2**' is bold, and a full stop ends the sentence.
  const text = (lenient ? expression.replace(/(?:\*\*)?[\s.]*$/, '') : expression).trim();
  // What Python can't evaluate.
  if (!lenient && /[×÷]|\)\.$/.test(text)) return undefined;
  const [, top, bottom] = /^-?\d+\s+(\d+)\s*\/\s*(\d+)$/.exec(text) ?? [];
  const isMixed = lenient && Number(top) < Number(bottom);
  if (!isMixed && /[\d.)]\s+[\d(.]|\)\s*[\d(]|\d\s*\(/.test(text)) return undefined;
  return readLatex(text);
}
