import { lastBox } from '../clean/boxed.ts';
import type { Span } from '../clean/spans.ts';
import { afterAnswer, afterEquals, finalAnswerIs, finalAnswerThenIs, within } from './anchors.ts';
import type { Answer } from './answer.ts';
import { latexAnswer, readPlain, readRun } from './read-match.ts';
import { boxedSpan, type LatexRun, LatexScanner } from './scan-latex.ts';
import { type PlainMatch, PlainScanner } from './scan-numbers.ts';
import { stringMatches } from './scan-strings.ts';

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
  /** Look beyond Math-Verify's rules: at 1e3, 2 1/2, in <answer> tags, at Unicode, at formulas without delimiters. */
  readonly lenient: boolean;
  /** Read LaTeX that lacks braces: \frac12, \sqrt3. */
  readonly repairs: boolean;
}
export type Target = 'latex' | 'expr' | 'string';

export interface Extracted {
  /** The first match that could be read. */
  readonly answer?: Answer;
  /** The best match, where that could not be read. */
  readonly unread?: Answer;
  /** A text of several numbers that are neither one value nor a list. */
  readonly several?: string;
}

interface Match extends Span {
  /** Where the mathematics stands, when that is less than the whole match. */
  readonly inner?: Span;
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
  let [unread, passed]: [unread?: Answer, passed?: Span] = [];
  const found = (answer?: Answer): Extracted => ({
    ...(answer === undefined ? {} : { answer }),
    ...(unread === undefined ? {} : { unread }),
  });
  // A number inside an answer that can't be read is not the answer: \boxed{\geq 17}.
  const isPart = ({ start, end }: Match) =>
    options.lenient && passed !== undefined && start >= passed.start && end <= passed.end;
  for (const priority of [...new Set(finders.map(([p]) => p))].sort((a, b) => a - b)) {
    const matches = finders.flatMap(([p, find]) => (p === priority ? [...find()] : []));
    matches.sort((a, b) => b.end - a.end || a.start - b.start);
    for (const match of matches) {
      if (isPart(match)) continue;
      const answer = match.read();
      if (answer.value !== undefined || answer.literal !== undefined) return found(answer);
      if (unread === undefined && answer.text !== '') {
        unread = answer;
        if (answer.latex !== undefined) passed = match.inner ?? match;
      }
      if (options.extractionMode === 'first_match') return found();
    }
  }
  return found();
}

function latexFinders(text: string, options: ExtractOptions): Finder[] {
  const scanner = new LatexScanner(text);
  const asMatch = (run: LatexRun): Match => ({
    start: run.start,
    end: run.end,
    read: () => readRun(run, options),
  });
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
    const span = boxedSpan(text, options.lenient);
    if (span !== undefined) {
      const boxed = text.slice(span.start, span.end);
      finders.push([
        options.boxedMatchPriority,
        () => [
          {
            ...span,
            inner: lastBox(text) ?? span,
            read: () => latexAnswer(boxed, { ...options, boxes: 'last', percent: false }),
          },
        ],
      ]);
    }
  }
  return finders;
}

function plainFinders(text: string, options: ExtractOptions): Finder[] {
  const scanner = new PlainScanner(text, options.lenient);
  const asMatch = (match: PlainMatch): Match => ({
    start: match.start,
    end: match.end,
    read: () => readPlain(text, match, options.lenient),
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
