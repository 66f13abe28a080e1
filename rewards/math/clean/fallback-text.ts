import { boxedContents } from './boxed.ts';

/**
 * The text of a LaTeX match as Math-Verify (latex2sympy2_extended 1.11.0) cleans it. Answers that can't be read are
 * compared by it, and `parse` hands it out; what is read is cleaned otherwise (normalize-latex.ts).
 */
export function fallbackText(
  match: string,
  { boxes, repairs }: { boxes: 'last' | 'all'; repairs: boolean },
): string {
  const text = withoutUnits(unified(boxedContents(match, boxes)));
  return (repairs ? withBraces(text.startsWith('.') ? `0${text}` : text) : text).trim();
}

/** Texts longer than this keep their units and braces: no answer is, and hostile ones would be slow. */
const LONGEST = 4000;

const left =
  /\\m?left(\\\{|\{|\\\||\||\[|\(|\\rbracl|\\lgroup|\\lbrace|\\lbrack|\\vert|\\lvert|\\lceil|\\lfloor|\\langle|\\llcorner|\\ulcorner)/g;
const right =
  /\\m?right(\\\}|\}|\\\||\||\]|\)|\\rbrack|\\rgroup|\\rbrace|\\vert|\\rvert|\\rceil|\\rfloor|\\rangle|\\lrcorner|\\urcorner)/g;
const permutation = /\(([a-zA-Z0-9+\-*/\\ ]+?)\)_\{([a-zA-Z0-9+\-*/\\ ]+?)\}/g;
const removed = /\\mathrm\{th\}|\\!\s*|\\text\s*\{\s*\}|\\\$|\$|(?<!\\)["']|\\displaystyle/g;

/** Tried in this order at each place, in one pass. */
const synonyms: readonly (readonly [pattern: string, replacement: string])[] = [
  [String.raw`\\math(?:rm|it|bf)`, '\\text'],
  [String.raw`\\text(?:normal|bf|it|rm)`, '\\text'],
  [String.raw`\\(?:d|t|c)frac`, '\\frac'],
  [String.raw`\s\.`, ' 0.'],
  [String.raw`\{\.`, '{0.'],
  ['~=', '\\approx'],
  [String.raw`\s*\{\s*,\s*\}`, ','],
  [String.raw`(?<![a-zA-Z]),?\s*(?:and|or)(?![a-zA-Z])`, ','],
  [String.raw`,?\s*\\text\{\s*(?:and|or)\s*\}`, ','],
  [String.raw`(?<!\\)\\\s`, ' '],
  ['infinity', '\\infty'],
  [String.raw`,?\\ldots`, ' '],
  [String.raw`\s*\bpercentage\b`, '\\%'],
  [String.raw`\\text\{percentage\}`, '%'],
  [String.raw`\s*\bpercent\b`, '\\%'],
  [String.raw`\\text\{percent\}`, '%'],
  [String.raw`\s*\bpct\b`, '\\%'],
  [String.raw`\\text\{pct\}`, '%'],
  [String.raw`(?<!\\)inf(?!inity)`, '\\infty'],
  [' sqrt', '\\sqrt'],
];
const synonym = new RegExp(synonyms.map(([pattern]) => `(${pattern})`).join('|'), 'g');

function unified(latex: string): string {
  const text = latex
    .replaceAll('\\mathrm{T}', 'T')
    .replaceAll('\\mathrm{d}', 'd')
    .replaceAll('{\\rm d}', 'd')
    .replaceAll('\\left[\\begin{matrix}', '\\begin{bmatrix}')
    .replaceAll('\\end{matrix}\\right]', '\\end{bmatrix}')
    .replace(left, '$1')
    .replace(right, '$1')
    .replace(permutation, '\\frac{($1)!}{(($1)-($2))!}')
    .replace(removed, '')
    .replace(synonym, (_, ...groups) => synonyms[groups.findIndex((group) => group !== undefined)]![1])
    .replace(/[\n\t]/g, ' ');
  return text.includes('matrix') ? text : text.replace(/\\\\(?=[a-zA-Z])/g, '\\');
}

/** Its list of units, as it stands: matched behind a digit, brace or space; a full stop stands for any character. */
const units = [
  'integerpoint|feet|sue|digit|pound|meal|edge|student|children ticket|multiple|east|degree|mph|kmph|ft|m square',
  ' m east|sq m|deg|mile|q .|monkey|prime|ratio|profit of rs|rd|o|gm|p . m|lb|tile|per|dm|lt|gain|ab|way|west|a .',
  'b .|c .|d .|e .|f .|g .|h .|t|h|no change|men|soldier|pie|bc|excess|st|inches|noon|cent|by|gal|kmh|c|acre|rise',
  'a . m|th|π r 2|sq|mark|l|toy|coin|sq . m|gallon|° f|profit|minw|yr|women|am|pm|hr|cu cm|square|v â € ™|are|rupee',
  'rounds|cubic|cc|mtr|s|ohm|number|kmph|day|hour|minute|min|second|man|woman|sec|cube|mt|sq inch|mp|∏ cm ³|hectare',
  'more|sec|unit|cu . m|cm 2|rs .|rs|kg|g|month|km|m|cm|mm|apple|liter|loss|yard|pure|year|increase|decrease|d|less',
  'Surface|litre|pi sq m|s .|metre|meter|inch',
].join('|');
const unit = new RegExp(String.raw`(\d|\}|\s)\s*(?:(?:${units})(?:s|es)?)\s*$`);

function withoutUnits(latex: string): string {
  if (latex.length > LONGEST) return latex;
  const worded = latex.replace(/(\\(?:text|mbox)\{.*?\})(\^\d|\{\^\d\})?$/, '').trim();
  let text = worded === '' ? latex : worded;
  for (let i = 0; i < 2; i++) text = text.replace(unit, '$1') || text;
  return text;
}

function withBraces(latex: string): string {
  if (latex.length > LONGEST) return latex;
  if (latex === '0.5') return '\\frac{1}{2}';
  const text = latex
    .replace(/\^\s?\((.*?)\)/g, '^{$1}')
    .replace(/sqrt\s?\((.*?)\)/g, '\\sqrt{$1}')
    .replace(/\\frac\s?(\d)\s?(\d+)/g, '\\frac{$1}{$2}')
    .replace(/\\log_\s?(\d)\s?(\d+)/g, '\\log_{$1}{$2}')
    .replace(/\\frac\s?\{(.*?)\}\s?(\d)/g, '\\frac{$1}{$2}')
    .replace(/\\frac\s?(\d)\s?\{(.*?)\}/g, '\\frac{$1}{$2}')
    .replace(/\\sqrt\s?(\d)/g, '\\sqrt{$1}')
    .replaceAll(' sqrt', '\\sqrt');
  return slashed(bracedFractions(bracedRoots(text)));
}

function bracedRoots(latex: string): string {
  const [head, ...tails] = latex.split('\\sqrt');
  const braced = tails.map((tail) => {
    const [first, ...rest] = tail.trimStart();
    return first === undefined || first === '{' || first === '['
      ? tail.trimStart()
      : `{${first}}${rest.join('')}`;
  });
  return [head, ...braced].join('\\sqrt');
}

function bracedFractions(latex: string): string {
  const [head, ...tails] = latex.split('\\frac').map((part, i) => (i === 0 ? part : part.trimStart()));
  if (tails.some((tail) => !tail.startsWith('{') && tail.length < 2)) return latex;
  const braced = tails.map((tail) => {
    if (tail.startsWith('{')) return tail;
    const [top, bottom] = [tail[0]!, tail[1]!];
    return bottom === '{' ? `{${top}}${tail.slice(1)}` : `{${top}}{${bottom}}${tail.slice(2)}`;
  });
  return [head, ...braced].join('\\frac');
}

/** a/b of whole numbers. */
function slashed(latex: string): string {
  const plain = /^(0|-?[1-9]\d*)\/(0|-?[1-9]\d*)$/.exec(latex);
  return plain === null ? latex : `\\frac{${plain[1]}}{${plain[2]}}`;
}
