import { call, type Expr, isUnordered, num } from './expression.ts';
import { type Normalized, normalizeLatex } from './normalize-latex.ts';
import { parseLatex } from './parse-latex.ts';
import { fromDecimal, rational } from './rational.ts';
import { boxedSpan, type LatexRun, LatexScanner } from './scan-latex.ts';
import { type PlainMatch, PlainScanner } from './scan-numbers.ts';
import { stringMatches } from './scan-strings.ts';
import type { Span } from './spans.ts';

/**
 * Finds the answer in a text: Math-Verify's order of anchors (0.9.0), as linear scans in place of its regular
 * expressions, which hostile text can hang. Of the matches of one priority the one that ends last wins.
 *
 *     0    final answer is …. I hope
 *    50    final answer … is …
 *   100    answer: …
 *   200    answer …
 *   300    any LaTeX, expression or number
 *   boxedMatchPriority    \boxed{…}
 */
export interface ExtractOptions {
  readonly targets: readonly Target[];
  /** −1 never looks for boxes as such. */
  readonly boxedMatchPriority: number;
  /** Take mathematics that no anchor word announces. */
  readonly tryExtractWithoutAnchor: boolean;
  /** 'first_match' gives up when the best match can't be read; 'any_match' goes on to the next. */
  readonly extractionMode: 'any_match' | 'first_match';
  /** What target 'string' looks for. */
  readonly strings: readonly string[];
  readonly lowercase: boolean;
}
export type Target = 'latex' | 'expr' | 'string';

export interface Answer {
  /** What the match means; undefined when it can't be read. */
  readonly value?: Expr;
  /** A literal answer of target 'string'. */
  readonly literal?: string;
  /** The match as written, cleaned. */
  readonly text: string;
  readonly unit?: string;
}

export interface Extracted {
  /** The first match that could be read. */
  readonly answer?: Answer;
  /** The text of the best match, readable or not. */
  readonly text?: string;
}

interface Match extends Span {
  readonly read: () => Answer;
}
type Finder = readonly [priority: number, find: () => Iterable<Match>];

export function extract(text: string, options: ExtractOptions): Extracted {
  const finders = options.targets.flatMap((target) =>
    target === 'latex'
      ? latexFinders(text, options)
      : target === 'expr'
        ? plainFinders(text, options)
        : stringFinders(text, options),
  );
  let best: string | undefined;
  for (const priority of [...new Set(finders.map(([p]) => p))].sort((a, b) => a - b)) {
    const matches = finders.flatMap(([p, find]) => (p === priority ? [...find()] : []));
    matches.sort((a, b) => b.end - a.end || a.start - b.start);
    for (const match of matches) {
      const answer = match.read();
      if (answer.text !== '') best ??= answer.text;
      if (answer.value !== undefined || answer.literal !== undefined)
        return { answer, text: best ?? answer.text };
      if (options.extractionMode === 'first_match') return best === undefined ? {} : { text: best };
    }
  }
  return best === undefined ? {} : { text: best };
}

function latexFinders(text: string, options: ExtractOptions): Finder[] {
  const scanner = new LatexScanner(text);
  const asMatch = (run: LatexRun): Match => ({ start: run.start, end: run.end, read: () => readRun(run) });
  const at = (index: number) => scanner.runAt(index, false);
  // The space before [ … ] belongs to the match, so a place before skipped spaces counts too.
  const atOrBefore = (index: number) =>
    at(index) ?? (/\s/.test(text[index - 1] ?? '') ? at(index - 1) : undefined);
  const finders: Finder[] = [
    [0, () => finalAnswerIs(text, atOrBefore).map(asMatch)],
    [50, () => finalAnswerThenIs(text, { at: atOrBefore, spaces: true }).map(asMatch)],
    [
      100,
      () =>
        afterAnswer(text, /answer:/gi, (from) => within(from, 50, text, { at, lines: true })).map(asMatch),
    ],
    [
      200,
      () => afterAnswer(text, /answer/gi, (from) => within(from, 50, text, { at, lines: true })).map(asMatch),
    ],
  ];
  if (options.tryExtractWithoutAnchor) finders.push([300, () => [...scanner.runs(false)].map(asMatch)]);
  if (options.boxedMatchPriority >= 0) {
    finders.push([options.boxedMatchPriority, () => [...scanner.runs(true)].map(asMatch)]);
    const span = boxedSpan(text);
    if (span !== undefined) {
      const boxed = text.slice(span.start, span.end);
      finders.push([
        options.boxedMatchPriority,
        () => [{ ...span, read: () => latexAnswer(normalizeLatex(boxed, 'last'), false) }],
      ]);
    }
  }
  return finders;
}

function plainFinders(text: string, options: ExtractOptions): Finder[] {
  const scanner = new PlainScanner(text);
  const asMatch = (match: PlainMatch): Match => ({
    start: match.start,
    end: match.end,
    read: () => readPlain(text, match),
  });
  const at = (index: number) => scanner.at(index);
  const notBeforeEquals = (match: PlainMatch | undefined) =>
    match !== undefined && !/^\s*=/.test(text.slice(match.end, match.end + 20)) ? match : undefined;
  // After 'answer' the last equation's right side counts, else the first number close by.
  const follow = (from: number) =>
    afterEquals(text, from, (i) => notBeforeEquals(at(i))) ??
    within(from, 50, text, { at: (i) => notBeforeEquals(at(i)), lines: false });
  const atOrBefore = (index: number) => at(index) ?? (index > 0 ? at(index - 1) : undefined);
  const finders: Finder[] = [
    [0, () => finalAnswerIs(text, atOrBefore).map(asMatch)],
    [50, () => finalAnswerThenIs(text, { at, spaces: false }).map(asMatch)],
    [100, () => afterAnswer(text, /answer:/gi, follow).map(asMatch)],
    [200, () => afterAnswer(text, /answer/gi, follow).map(asMatch)],
  ];
  if (options.tryExtractWithoutAnchor) finders.push([300, () => [...scanner.all()].map(asMatch)]);
  return finders;
}

function stringFinders(text: string, options: ExtractOptions): Finder[] {
  return stringMatches(text, options).map(([priority, matches]) => [
    priority,
    () =>
      matches.map(({ start, end, key }) => ({
        start,
        end,
        read: () => ({ literal: options.lowercase ? key.toLowerCase() : key, text: key }),
      })),
  ]);
}

/** 'final answer is …. I hope': the sentence that few-shot prompts of MATH teach. */
function finalAnswerIs<S extends Span>(text: string, at: (index: number) => S | undefined): S[] {
  return afterAnswer(text, /final answer is:?\s*/gi, (from) => {
    const found = at(from);
    return found !== undefined &&
      /^\s?\.?\s?I hope/.test(
        text.slice(found.end - (/\s/.test(text[found.end - 1]!) ? 1 : 0), found.end + 12),
      )
      ? found
      : undefined;
  });
}

/** 'final answer (to the question) is …', the words between at most 100 characters. */
function finalAnswerThenIs<S extends Span>(
  text: string,
  { at, spaces }: { at: (index: number) => S | undefined; spaces: boolean },
): S[] {
  const is = spaces ? /\s+is:?\s*/y : /\s+is:?/y;
  return afterAnswer(text, /final answer/gi, (from) => {
    for (let gap = 0; gap <= 100; gap++) {
      is.lastIndex = from + gap;
      const found = is.test(text) ? at(is.lastIndex) : undefined;
      if (found !== undefined) return found;
    }
    return undefined;
  });
}

/** For each anchor, what `follow` finds behind it; matches don't overlap. */
function afterAnswer<S extends Span>(
  text: string,
  anchor: RegExp,
  follow: (from: number) => S | undefined,
): S[] {
  const found: S[] = [];
  for (let match = anchor.exec(text); match !== null; match = anchor.exec(text)) {
    const next = follow(anchor.lastIndex);
    if (next !== undefined) found.push({ ...next, start: match.index });
    anchor.lastIndex = next === undefined ? match.index + 1 : Math.max(next.end, match.index + 1);
  }
  return found;
}

function within<S>(
  from: number,
  reach: number,
  text: string,
  { at, lines }: { at: (index: number) => S | undefined; lines: boolean },
): S | undefined {
  for (let index = from; index <= Math.min(from + reach, text.length); index++) {
    const found = at(index);
    if (found !== undefined) return found;
    if (!lines && text[index] === '\n') return undefined;
  }
  return undefined;
}

function afterEquals<S>(text: string, from: number, at: (index: number) => S | undefined): S | undefined {
  const newline = text.indexOf('\n', from);
  const last = Math.min(from + 100, newline < 0 ? text.length : newline);
  for (let index = last; index >= from; index--) {
    if (text[index] !== '=') continue;
    for (
      let next = index + 1 + (/^\s*/.exec(text.slice(index + 1, index + 50))?.[0].length ?? 0);
      next > index;
      next--
    ) {
      const found = at(next);
      if (found !== undefined) return found;
    }
  }
  return undefined;
}

function readRun({ pieces }: LatexRun): Answer {
  const answers = pieces.map(({ content, percent }) => latexAnswer(normalizeLatex(content, 'all'), percent));
  const [first] = answers;
  if (answers.length > 1 && answers.every((answer) => answer.value !== undefined)) {
    const items = answers.flatMap(({ value }) => (isUnordered(value!) ? value.args : [value!]));
    return { value: call('Set', ...items), text: answers.map((answer) => answer.text).join(' and ') };
  }
  return first!;
}

function latexAnswer({ latex, unit }: Normalized, percent: boolean): Answer {
  const value = readLatex(latex) ?? lastEquation(latex);
  const whole = value !== undefined && percent ? call('Percent', value) : value;
  return {
    text: latex,
    ...(whole === undefined ? {} : { value: whole }),
    ...(unit === undefined ? {} : { unit }),
  };
}

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

function readPlain(text: string, match: PlainMatch): Answer {
  if (match.expression !== undefined) {
    const value = plainExpression(match.expression);
    return { text: match.expression, ...(value === undefined ? {} : { value }) };
  }
  const digits = match.number!;
  const value = num(fromDecimal(digits), digits.includes('.'));
  const unit = /^\s?([a-zA-Z]+)(?![a-zA-Z])/.exec(text.slice(match.end, match.end + 16))?.[1];
  const spelled = digits.replace(/^-?0+(?=\d)/, (zeros) => (zeros.startsWith('-') ? '-' : ''));
  return {
    value: match.percent ? call('Percent', value) : value,
    text: spelled,
    ...(unit === undefined ? {} : { unit }),
  };
}

/** '2+3*4', '(1+1)/4', '2 1/2'. Numbers side by side are no product here. */
function plainExpression(expression: string): Expr | undefined {
  const text = expression.trim();
  const mixed = /^(-?)(\d+)\s+(\d+)\s*\/\s*(\d+)$/.exec(text);
  if (mixed !== null) {
    const [, sign, whole, top, bottom] = mixed;
    const value = rational(BigInt(whole!) * BigInt(bottom!) + BigInt(top!), BigInt(bottom!));
    return value === undefined ? undefined : num(sign === '-' ? { n: -value.n, d: value.d } : value);
  }
  if (/[\d.)]\s+[\d(.]|\)\s*[\d(]|\d\s*\(/.test(text)) return undefined;
  return readLatex(text);
}
