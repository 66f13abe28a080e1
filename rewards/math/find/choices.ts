import { boxedContents } from '../clean/boxed.ts';

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
    : { key: atLineStart(text, key) ?? only(text, key) };
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

/** E, (E), \textbf{(E)}, E. Paris, E: 12, (E) 12; words that begin with the letter are none. */
function inBox(content: string, key: string): string | undefined {
  const alone = new RegExp(`^[(\\[]?(${key})[)\\]]?[.:]?$`).exec(content.replace(decoration, ''));
  const plain = content.replace(decoration, (found) => (/\s|quad|\\ /.test(found) ? ' ' : '')).trim();
  return (alone ?? new RegExp(`^(?:[(\\[](${key})[)\\]]|(${key})[.:)\\]])`).exec(plain))
    ?.slice(1)
    .find((found) => found !== undefined);
}

const opening = String.raw`(?:\*\*|["'“‘(\[（【$\s]|\\\(|\\text\w*\{|\\mathrm\{|\\mathbf\{){0,6}`;
/** What may stand behind a letter that is chosen. */
const closing = String.raw`(?![\w-]|['’]\w)`;
const says = String.raw`(?:\s(?:is|are|be|was)|[:：=]|\s(?:is|are)\s?[:：])`;
/** Words between 'answer' and 'is': the answer to this question should be. */
const between = String.raw`(?:\s(?!is\b|are\b|be\b|was\b|not\b|cannot\b|never\b)[\w-]{1,20}|\*\*){0,8}?`;
const noun = String.raw`(?:\s?(?:(?:the|an?|only|clearly|therefore|thus|indeed|definitely|probably|most likely|simply|option|choice|letter|answer|statement)\b|\*\*|[:：])){0,6}`;

/** The last announcement counts; one that takes a letter back ('is not B') leaves nothing chosen by it. */
function lastAnnounced(text: string, key: string): Choice | undefined {
  const english = String.raw`\b(?:[Aa]nswers?|ANSWER|[Oo]ption|[Cc]hoice)\b${between}${says}(?<not>(?:\s\w{1,15}ly)?\s(?:not|never)\b|n['’]t\b)?${noun}\s{0,3}${opening}(?<first>${key})${closing}`;
  const verb = String.raw`\b(?:(?:I|[Ww]e)\s(?:will\s|would\s|must\s)?(?:choose|chose|pick|select|take)|(?:[Ss]o|[Hh]ence|[Tt]hus|[Tt]herefore),?)${noun}\s{1,3}${opening}(?<second>${key})${closing}(?=[)\]}*$"'”’.,!\s]{0,6}(?:\n|$|\.\s))`;
  const verdict = String.raw`(?<![\w'])\(?(?<third>${key})\)?\s(?:is|must be)\s(?:(?:the|therefore|thus|clearly|indeed)\s){0,2}(?:correct|right|answer|best)\b`;
  const chinese = String.raw`(?:答案|正确选项|正确答案|故选|应选|选择|选)(?:应该|应|就)?(?<no>不)?(?:是|为|選|选|：|:|\s){0,4}${opening}(?<fourth>${key})${closing}`;
  const found = [...text.matchAll(new RegExp([english, verb, verdict, chinese].join('|'), 'g'))]
    .map(({ index, 0: match, groups = {} }) => {
      const { first, second, third, fourth, not, no } = groups;
      const letter = first ?? second ?? third ?? fourth!;
      return {
        letter,
        no: not !== undefined || no !== undefined,
        rest: text.slice(index + match.length, index + match.length + REACH),
      };
    })
    .filter(({ letter, rest }) => !isArticle(letter, rest));
  const last = found.at(-1);
  if (last === undefined) return undefined;
  return last.no || isHedged(last.rest, key) ? {} : { key: last.letter };
}

/** 'A polygenic score', 'I think': a letter that goes on as a sentence does is a word. */
const isArticle = (letter: string, rest: string): boolean =>
  /^[AI]$/.test(letter) &&
  /^\s+(?!because|since|as\b|and\b|or\b|which|with\b|for\b|due|by\b|but\b|not\b|is\b|in\b|from\b|given)[a-z]/.test(
    rest,
  );

/** B or C, B and C, B/C. */
const isHedged = (rest: string, key: string): boolean =>
  new RegExp(
    String.raw`^[)\]*"'”’\s]{0,4}(?:or|and|/|&|,)[\s(*]{0,4}(?:option\s)?(?:${key})${closing}(?!\s[a-z])`,
  ).test(rest);

/** '(B)', 'B.' and '- **B** Paris' alone on the last line that begins so; B at the start of the text. */
function atLineStart(text: string, key: string): string | undefined {
  const line = new RegExp(
    String.raw`^[ \t>#*_-]{0,6}(?:[(\[（](?<bracketed>${key})[)\]）]|(?<marked>${key})(?:\*\*|__)?[).:：](?!\w)|(?<bare>${key})(?=[*_\s]{0,4}$))`,
    'gm',
  );
  const lines = [...text.matchAll(line)]
    .filter(
      ({ index, 0: match }) => !isHedged(text.slice(index + match.length, index + match.length + REACH), key),
    )
    .map(({ groups = {} }) => groups.bracketed ?? groups.marked ?? groups.bare!);
  // Choices that are listed one after the other are no answer.
  const distinct = new Set(lines);
  if (distinct.size > 1) return undefined;
  return lines.at(-1);
}

/** The one letter that stands in the text, where no other does. */
function only(text: string, key: string): string | undefined {
  const standing = new RegExp(
    String.raw`(?<![\w'’\\-])(?:\*\*)?[(\[{]?(?<key>${key})[)\]}]?(?:\*\*)?(?=[.,:;!\s]|$)`,
    'g',
  );
  const found = [...text.matchAll(standing)]
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
const isDenied = (text: string, letter: string): boolean =>
  new RegExp(
    String.raw`\b(?:not|isn't|never|cannot be|eliminate|rule out|exclude)\s(?:option\s|choice\s)?\(?${escaped(letter)}\b|\b${escaped(letter)}\)?\s(?:is|was)\s(?:not|wrong|incorrect|false|out)\b`,
    'i',
  ).test(text);
