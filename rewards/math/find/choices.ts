import { boxedContents } from '../clean/boxed.ts';
import { announcing, closing } from './announced-choice.ts';

/**
 * The letter that a text chooses, by how plainly it does: in a box, then announced ('the answer is B', '答案：B'), then
 * standing at a line's start as choices are written ((B), B), B.), then the only one in the text. An article is no choice.
 */
export function chosen(text: string, strings: readonly string[]): Choice {
  const key = strings.map(escaped).join('|');
  const boxed = /\\(?:boxed|fbox)/.test(text) ? inBox(boxedContents(text, 'last'), key) : undefined;
  if (boxed !== undefined) return { key: boxed };
  const announced = lastAnnounced(text, key);
  if (announced !== undefined) return announced;
  // A box with something else in it has answered.
  return /\\(?:boxed|fbox)\s?\{\s?[^\s}]/.test(text)
    ? {}
    : { key: exactly(alone(text, key), key) ?? atLineStart(text, key) ?? only(text, key) };
}

export interface Choice {
  /** Undefined where the text chooses nothing, or says what it does not choose. */
  readonly key?: string | undefined;
}

/** Characters behind a letter that tell how it is meant. */
const REACH = 40;

const escaped = (text: string) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

/** Commands and signs that only set type around a choice. */
const decoration =
  /\\(?:text|mathrm|mathbf|mathit|boldsymbol|bm)?(?:bf|rm|it|sf|tt|normal)?(?![a-zA-Z])|\\[ ,;:!]|\\q?quad(?![a-zA-Z])|[{}$*_`"'~\s]/g;

/** E, (E), \textbf{(E)}, 'option E': nothing else. */
const alone = (text: string, key: string): string | undefined =>
  new RegExp(`^(?:option|choice|answer)?[(\\[]?(${key})[)\\]]?[.:!]?$`, 'i').exec(
    text.replace(decoration, ''),
  )?.[1];

/** The same, or with what it says: E. Paris, E: 12, (E) 12. Words that begin with the letter, and lists, are none. */
function inBox(content: string, key: string): string | undefined {
  const plain = content.replace(decoration, (found) => (/\s|quad|\\ /.test(found) ? ' ' : '')).trim();
  const described = new RegExp(`^(?:[(\\[](${key})[)\\]]|(${key})[.:)\\]])`).exec(plain);
  if (described === null || isHedged(plain.slice(described[0].length), key))
    return exactly(alone(content, key), key);
  return described[1] ?? described[2];
}

/** A choice in the case that it is written in. */
const exactly = (found: string | undefined, key: string) =>
  found !== undefined && new RegExp(`^(?:${key})$`).test(found) ? found : undefined;

/** The last announcement counts; one that takes a letter back ('is not B') leaves nothing chosen by it. */
function lastAnnounced(text: string, key: string): Choice | undefined {
  const found = [...text.matchAll(announcing(key))]
    .map(({ index, 0: match, groups = {} }) => {
      const { first, second, third, fourth, ...denials } = groups;
      const letter = first ?? second ?? third ?? fourth!;
      return {
        letter,
        no: Object.values(denials).some((denial) => denial !== undefined),
        rest: text.slice(index + match.length, index + match.length + REACH),
      };
    })
    .filter(({ letter, rest }) => !isArticle(letter, rest));
  const last = found.at(-1);
  if (last === undefined) return undefined;
  const instead = last.no ? replacement(last.rest, key) : undefined;
  if (instead !== undefined) return { key: instead };
  return last.no || isHedged(last.rest, key) ? {} : { key: last.letter };
}

/** The letter that stands in for one that is not chosen: not B, it is C; not B but C. */
const replacement = (rest: string, key: string): string | undefined =>
  new RegExp(
    String.raw`^[)\]*"'”’]{0,3}[,;.]?\s(?:but|it is|it['’]s|it must be|rather)\s(?:rather\s)?(?:option\s|choice\s)?[(*]{0,3}(${key})${closing}`,
    'i',
  ).exec(rest)?.[1];

/** 'A polygenic score', 'I think': a letter that goes on as a sentence does is a word. */
const isArticle = (letter: string, rest: string): boolean => /^[AI]$/.test(letter) && continued.test(rest);
const conjunction = 'because|since|as|and|or|which|with|for|due|by|but|not|is|in|from|given';
const continued = new RegExp(String.raw`^\s+(?!(?:${conjunction})\b)[a-z]`);

/** B or C, B and C, B/C. */
const isHedged = (rest: string, key: string): boolean =>
  new RegExp(
    String.raw`^[)\]*"'”’\s]{0,4}(?:or|and|/|&|,)[\s(*]{0,4}(?:option\s)?(?:${key})${closing}(?!\s[a-z])`,
  ).test(rest);

/** '(B)', 'B.' and '- **B** Paris' alone on the last line that begins so; B at the start of the text. */
function atLineStart(text: string, key: string): string | undefined {
  const bracketed = String.raw`[(\[（](?<bracketed>${key})[)\]）]`;
  const marked = String.raw`(?<marked>${key})(?:\*\*|__)?[).:：](?!\w)`;
  const bare = String.raw`(?<bare>${key})(?=[*_\s]{0,4}$)`;
  // A: no. B: yes.
  const another = new RegExp(String.raw`^[^\n]*(?<![\w'’])(?:${key})[).:]`);
  const line = new RegExp(String.raw`^[ \t>#*_-]{0,6}(?:${bracketed}|${marked}|${bare})`, 'gm');
  const lines = [...text.matchAll(line)]
    .filter(({ index, 0: match }) => {
      const rest = text.slice(index + match.length, index + match.length + REACH);
      return !isHedged(rest, key) && !another.test(rest);
    })
    .map(({ groups = {} }) => groups.bracketed ?? groups.marked ?? groups.bare!);
  // Choices that are listed one after the other are no answer.
  const distinct = new Set(lines);
  if (distinct.size > 1) return undefined;
  return lines.at(-1);
}

/** Vitamin B and point B are names of things. */
const labelled =
  /\b(?:vitamin|plan|hepatitis|type|appendix|section|point|event|vertex|angle|team|figure|box|bag|town|city) $/i;

/** The one letter that stands in the text, where no other does. */
function only(text: string, key: string): string | undefined {
  const standing = new RegExp(
    String.raw`(?<![\w'’\\-])(?:\*\*)?[(\[{]?(?<key>${key})[)\]}]?(?:\*\*)?(?=[.,:;!\s]|$)`,
    'g',
  );
  const found = [...text.matchAll(standing)]
    .filter(({ index }) => !labelled.test(text.slice(Math.max(0, index - REACH), index)))
    .map(({ index, 0: match, groups }) => ({
      key: groups!.key!,
      rest: text.slice(index + match.length, index + match.length + REACH),
    }))
    .filter(({ key: letter, rest }) => !isArticle(letter, rest));
  const distinct = new Set(found.map(({ key: letter }) => letter));
  const last = found.at(-1);
  return distinct.size === 1 && !isDenied(text, last!.key) ? last!.key : undefined;
}

/** 'not B', 'B is wrong'. */
function isDenied(text: string, letter: string): boolean {
  const verb = '(?:be|choose|pick|select|take)';
  const refused = String.raw`(?:(?:\b(?:not|never|cannot)|n['’]t)(?:\s${verb})?|\b(?:eliminate|rule out|exclude))\s(?:option\s|choice\s)?\(?`;
  const wrong = String.raw`\)?\s(?:is|was)\s(?:not|wrong|incorrect|false|out)\b`;
  const name = escaped(letter);
  return new RegExp(String.raw`${refused}${name}\b|\b${name}${wrong}`, 'i').test(text);
}
