/**
 * Those of the names that a program defines. What it imports or requires, a declaration without a body, and words in
 * comments or strings define nothing. Takes time in proportion to the program's length, whatever stands in it.
 */
export function definedIn(program: string, names: readonly string[]): readonly string[] {
  const source = withoutImports(withoutText(program)).replace(declaredOnly, ' ');
  return names.filter((name) => defines(source, name));
}

/** Comments, strings and regular expressions. Each may lack its end, so that no match is tried twice. */
const text = new RegExp(
  [
    String.raw`\/\/[^\n]*`,
    String.raw`\/\*[\s\S]*?(?:\*\/|$)`,
    String.raw`"(?:\\[\s\S]|[^"\\\n])*"?`,
    String.raw`'(?:\\[\s\S]|[^'\\\n])*'?`,
    '`(?:\\\\[\\s\\S]|[^`\\\\])*`?',
    // A slash behind an operator begins a regular expression; any other divides.
    String.raw`\/(?<=(?:[=(,:;!&|?{[+]|\breturn)\s*\/)(?:\\.|\[(?:\\.|[^\]\\\n])*\]?|[^/\\\n[])*\/?`,
  ].join('|'),
  'g',
);

const withoutText = (source: string): string =>
  source.replace(text, (found) => (/^\/[/*]/.test(found) ? ' ' : "''"));

const load = String.raw`\s*=\s*\(?\s*(?:await\s+)?(?:require|import)\s*\(`;
const importedName = new RegExp(String.raw`(?:\b(?:const|let|var|import)\s+)?(?<![\w$])[\w$]+${load}`, 'g');
const importedParts = new RegExp(String.raw`\b(?:const|let|var)\s*\{[^{}=;]{0,500}\}${load}`, 'g');

const withoutImports = (source: string): string =>
  source.replace(importedParts, '(').replace(importedName, '(');

const declaredOnly =
  /\bdeclare\s+(?:abstract\s+)?(?:function|class|const|let|var|enum)\s+[\w$]+|\btype\s+[\w$]+/g;

function defines(source: string, name: string): boolean {
  const word = String.raw`${name.replaceAll('$', '\\$')}(?![\w$])`;
  const declared = String.raw`\b(?:class|const|let|var|enum)\s+${word}`;
  const destructured = String.raw`\b(?:const|let|var)\s*[{[][^=;]{0,200}?(?<![\w$])${word}`;
  const assigned = String.raw`(?:\bexports\.|(?<![\w$.]))${word}\s*=(?![=>])`;
  const exported = String.raw`\bexports\s*=\s*\{[^;]{0,500}?(?<![\w$.])${word}\s*[:(]`;
  const renamed = String.raw`\bexport\s*\{[^}]{0,500}?\sas\s+${word}`;
  if (new RegExp([declared, destructured, assigned, exported, renamed].join('|')).test(source)) return true;
  const functions = [...source.matchAll(new RegExp(String.raw`\bfunction(?:\s*\*\s*|\s+)${word}`, 'g'))];
  return functions.some(({ 0: head, index }) => hasBody(source, index + head.length));
}

/** No head of a function is longer; where one is, it counts as having a body. */
const LONGEST_HEAD = 2000;

/** Whether a function has a body, and is no mere signature; its head goes on at `from`. */
function hasBody(source: string, from: number): boolean {
  let depth = 0;
  let before = '';
  const end = from + LONGEST_HEAD;
  for (let at = from; at < end; at++) {
    const char = source[at];
    if (char === undefined) return false;
    const isInType = /(?:[:|&<,]|=>)$/.test(before);
    if (depth === 0 && char === '{' && !isInType) return true;
    if (depth === 0 && char === ';') return false;
    if (depth === 0 && char === '\n' && !isInType && endsHere(source, at)) return false;
    if (/[([{]/.test(char)) depth++;
    if (/[)\]}]/.test(char)) depth--;
    if (!/\s/.test(char)) before = before.slice(-1) + char;
  }
  return true;
}

/** Whether a statement may end at a line's end: the next line begins with no part of a function's head. */
const endsHere = (source: string, at: number): boolean =>
  /^\s*[^\s{(|&:<>=,[]/.test(source.slice(at, at + 200));
