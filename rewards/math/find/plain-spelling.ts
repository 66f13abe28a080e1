/** Numbers in running text, spelt and set apart as the scanner of plain text wants them. */

/** 5½ and 10⁶ as 5 1/2 and 10^(6): their signs belong to the number before them. */
export function joinedNumbers(text: string): string {
  if (!/[½⅓⅔¼¾⅕⅖⅗⅘⅙⅚⅛⅜⅝⅞⁰¹²³⁴-⁹⁻]/.test(text)) return text;
  return text
    .replace(/(?<=\d)\s?([½⅓⅔¼¾⅕⅖⅗⅘⅙⅚⅛⅜⅝⅞])/g, (_, fraction: string) => ` ${slashed(fraction)}`)
    .replace(/(?<=\d)[⁰¹²³⁴-⁹⁻]+/g, (power) => `^(${power.normalize('NFKC').replace('\u2212', '-')})`);
}

const slashed = (fraction: string) => fraction.normalize('NFKC').replace('\u2044', '/');

/** '−5', '１７' and '½' in running text; a fraction has to stand alone. */
export function asciiNumbers(text: string): string {
  return text
    .replace(/[\uff01-\uff5e]/g, (wide) => String.fromCharCode(wide.charCodeAt(0) - 0xfee0))
    .replace(/(?<=^|\s)[−–](?=\d)/g, '-')
    .replace(
      /(?<=^|\s)(-?)([½⅓⅔¼¾⅕⅖⅗⅘⅙⅚⅛⅜⅝⅞])(?=[\s.,;:!?)]|$)/g,
      (_, sign: string, fraction: string) => sign + slashed(fraction),
    );
}

const number = String.raw`[-−–+]?[$€£¥]?\d[\d,]*(?:\.\d+)?%?`;
const pairs: readonly (readonly [open: string, close: string])[] = [
  ['["“]', '["”]'],
  ["['‘]", "['’]"],
  ['«', '»'],
  ['「', '」'],
  [String.raw`\*`, String.raw`\*`],
  ['_{1,2}', '_{1,2}'],
];
/** `12 cm`. */
const quoted = /(?<!`)`{1,3}(?=[^`\n\\$]*\d)([^`\n\\$]{1,60})`{1,3}(?!`)/g;
const inPairs = pairs.map(([open, close]) => `${open}(${number})${close}`);
const inBrackets = [String.raw`\(([-−–+]?\d+(?:\.\d+)?)\)`, String.raw`\[([-−–+]?\d+(?:\.\d+)?)\]`];
/** "13" and *13*: marks on both sides of a number that stands by itself. (13) and [13] hold no list. */
const marked = new RegExp(
  String.raw`(?<=^|[\s:=])(?:${[...inPairs, ...inBrackets].join('|')})(?=[\s.,;:!?}]|$)`,
  'g',
);
/** #13 and ≈13. */
const prefixed = new RegExp(
  String.raw`(?<=^|[\s:=])(?:#|≈\s?|~\s?|≃\s?|№\s?)(?=${number}(?:[\s.,;!?]|$))`,
  'g',
);
const chinese = /[\u3000-\u303f\u4e00-\u9fff\uff00-\uff5e]/;

/** $5 and $10: no sign closes what another opens. */
const currencies = /^(?:[^$]*(?<=^|[\s(])\$(?=\d)){2,}[^$]*$/;

/** Numbers without the marks that touch them, and Chinese sentences with the spaces and words that English ones have. */
export function setApart(text: string): string {
  const plain = currencies.test(text) ? text.replaceAll('$', '') : text;
  const spaced = chinese.test(plain) ? withSpaces(plain) : plain;
  return spaced
    .replace(/<\/?(?:b|strong|i|em|u|code)>/g, '')
    .replace(/(?<=[a-zA-Z]:)(?=-?\d)/g, ' ')
    .replace(/(?<=^|\b(?:is|are|be)\s|[:=]\s)(?:minus|negative)\s(?=\d)/gi, '-')
    .replace(quoted, ' $1 ')
    .replace(/(?<=\d)\s?°\s?[CF](?![a-zA-Z])/g, ' degrees')
    .replace(/(?<=\d)\s?[xX]\s?(?=10(?:\^|\*\*))/g, '×')
    .replace(
      marked,
      (_, ...groups) =>
        ` ${groups.slice(0, inPairs.length + inBrackets.length).find((group) => group !== undefined)} `,
    )
    .replace(prefixed, ' ');
}

const punctuation: Readonly<Record<string, string>> = {
  '。': '. ',
  '、': ', ',
  '，': ', ',
  '：': ': ',
  '；': '; ',
};

function withSpaces(text: string): string {
  return text
    .replace(/[。、，：；]/g, (mark) => punctuation[mark]!)
    .replace(/[\uff01-\uff5e]/g, (wide) => String.fromCharCode(wide.charCodeAt(0) - 0xfee0))
    .replace(/答案(?:应该|应)?(?:[是为]|等于)?(?=[^\u4e00-\u9fff]|$)/g, ' answer is ')
    .replace(/([\u4e00-\u9fff])(?=[\w$\\(-])/g, '$1 ')
    .replace(/(?<=[\w)$}])(?=[\u4e00-\u9fff])/g, ' ');
}
