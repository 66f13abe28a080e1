/** Names of functions and letters as people type them, without a backslash: 2*pi, sqrt(3), ln 2, sin(x). */

const letters =
  'pi alpha beta gamma delta epsilon theta lambda sigma phi psi omega rho tau infinity inf'.split(' ');
const functions =
  'sqrt exp ln log sin cos tan cot csc arcsin arccos arctan asin acos atan sinh cosh tanh mod'.split(' ');
const operators = ['asin', 'acos', 'atan'];
const commands: Readonly<Record<string, string>> = { infinity: '\\infty', inf: '\\infty' };

const wordings =
  /\\(?:text|textbf|textit|textrm|textnormal|mbox|mathrm|operatorname|begin|end)\*?\s?\{[^{}]*\}/g;
/** Seconds are 'sec', too: only a bracket makes it the function. */
const name = new RegExp(
  String.raw`(?<![\\a-zA-Z])(?:(${letters.join('|')})(?![a-zA-Z])|(${functions.join('|')})(?=[xyztn]?(?![a-zA-Z]))|(sec)(?=\())`,
  'g',
);

export function withCommands(written: string): string {
  const latex = /[+/−-]/.test(written) ? withSigns(written) : written;
  if (!/[a-z]{2}/.test(latex)) return latex;
  let [spelled, end] = ['', 0];
  for (const { index, 0: words } of latex.matchAll(wordings)) {
    spelled += named(latex.slice(end, index)) + words;
    end = index + words.length;
  }
  return spelled + named(latex.slice(end));
}

/** +- 7, x = +-7 and 3 +/- 2. */
const withSigns = (latex: string): string =>
  latex
    .replace(/\+\s?\/\s?[-−]|(?<=^\s*|=\s*)\+\s?[-−](?!\s*[-+])/g, '\\pm ')
    .replace(/(?<=^\s*|=\s*)[-−]\s?\+(?!\s*[-+])/g, '\\mp ');

const named = (latex: string): string =>
  latex.replace(name, (found) => {
    if (operators.includes(found)) return `\\arc${found.slice(1)} `;
    return `${commands[found] ?? `\\${found}`} `;
  });

/** The function names and letters that formulas are made of. */
export const isName = (word: string): boolean =>
  letters.includes(word) || functions.includes(word) || word === 'sec';

/** 1e6 and 2.5e+3 with a capital E, as the parser reads them; 2e-5 is left alone, since it may be 2e − 5. */
export const withExponents = (text: string): string =>
  text.replace(/(?<![\w.\\])(\d+(?:\.\d+)?)e(?=\+?\d{1,3}(?![\w.]*\w))/g, '$1E');

const negativeExponent = /(?<![\w.\\])(\d+(?:\.\d+)?)e(?=-\d{1,3}(?![\w.]*\w))/g;

/** The other reading of 2e-5; undefined where there is none. */
export function withNegativeExponents(text: string): string | undefined {
  const other = text.replace(negativeExponent, '$1E');
  return other === text ? undefined : other;
}
