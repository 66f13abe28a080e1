/** How a text says which letter it chooses, as one pattern. */

/** Marks, brackets and commands in front of a letter. */
const opening = String.raw`(?:\*\*|["'“‘(\[（【$\s]|\\\(|\\text\w*\{|\\mathrm\{|\\mathbf\{){0,6}`;
/** What may not stand behind a letter that is chosen: more of a word. */
export const closing = String.raw`(?![\w-]|['’]\w)`;

/** Words between 'answer' and 'is': the answer to this question should be. */
const between = String.raw`(?:\s(?!is\b|are\b|be\b|was\b|not\b|cannot\b|never\b)[\w-]{1,20}|\*\*){0,8}?`;
const says = String.raw`(?:\s(?:is|are|be|was)|[:：=]|\s(?:is|are)\s?[:：])`;
const denies = String.raw`(?<not>(?:\s\w{1,15}ly)?\s(?:not|never)\b|n['’]t\b)?`;
const adverb = 'only|clearly|therefore|thus|indeed|definitely|probably|most likely|simply';
const filler = String.raw`(?:\s?(?:(?:the|an?|${adverb}|option|choice|letter|answer|statement)\b|\*\*|[:：])){0,6}`;
const isSubject = String.raw`\b(?:[Aa]nswers?|ANSWER|[Oo]ption|[Cc]hoice)\b`;
const takes = String.raw`(?:I|[Ww]e)\s(?:will\s|would\s|must\s)?(?:choose|chose|pick|select|take)`;
const concludes = '(?:[Ss]o|[Hh]ence|[Tt]hus|[Tt]herefore),?';
const sentenceEnd = String.raw`(?=[)\]}*$"'”’.,!\s]{0,6}(?:\n|$|\.\s))`;
const praise = String.raw`\s(?:is|must be)\s(?:(?:the|therefore|thus|clearly|indeed)\s){0,2}(?:correct|right|answer|best)\b`;
const chineseSubject = '(?:答案|正确的?选项|正确的?答案|故选|应选|选择|选)(?:应该|应|就)?';

/** 'The answer is B', 'I choose B', 'so B.', 'B is correct', '答案选B'. */
export const announcing = (key: string): RegExp =>
  new RegExp(
    [
      String.raw`${isSubject}${between}${says}${denies}${filler}\s{0,3}${opening}(?<first>${key})${closing}`,
      String.raw`\b(?:${takes}|${concludes})${filler}\s{1,3}${opening}(?<second>${key})${closing}${sentenceEnd}`,
      String.raw`(?<![\w'])\(?(?<third>${key})\)?${praise}`,
      String.raw`(?<never>不)?${chineseSubject}(?<no>不)?(?:是|为|選|选|：|:|\s){0,4}${opening}(?<fourth>${key})${closing}`,
    ].join('|'),
    'g',
  );
