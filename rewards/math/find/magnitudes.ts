/** 'thousand' and its like behind a number: they multiply it. */

const exponents: Readonly<Record<string, number>> = {
  hundred: 2,
  thousand: 3,
  million: 6,
  billion: 9,
  trillion: 12,
};
const word = `(${Object.keys(exponents).join('|')})s?(?![a-zA-Z])`;
const next = new RegExp(String.raw`\s*${word}`, 'y');

/** The magnitude that a text goes on with at an index: its word, power of ten, and where it ends. */
export function magnitudeAt(
  text: string,
  index: number,
): { readonly word: string; readonly exponent: number; readonly end: number } | undefined {
  next.lastIndex = index;
  const found = next.exec(text)?.[1];
  return found === undefined ? undefined : { word: found, exponent: exponents[found]!, end: next.lastIndex };
}

const gap = String.raw`(?<=[\d}])(?:\s|~|\\[,;:! ])*`;
const worded = new RegExp(
  String.raw`${gap}\\(?:text|textbf|textrm|mathrm|mbox)\s?\{[\s~]*${word}([^{}]*)\}`,
  'g',
);
const plain = new RegExp(
  String.raw`(?<!\\(?:text|textbf|textrm|mathrm|mbox)\s?\{[^{}]{0,60})${gap}${word}`,
  'g',
);

/** 5\text{ thousand dollars} as 5\cdot10^{3}\text{ dollars}. */
export function withoutMagnitudes(latex: string): string {
  if (!/(?:hundred|thousand|llion)/.test(latex)) return latex;
  return latex
    .replace(worded, (_, found: string, rest: string) =>
      rest.trim() === '' ? power(found) : `${power(found)}\\text{${rest}}`,
    )
    .replace(plain, (_, found: string) => power(found));
}

const power = (found: string) => `\\cdot10^{${exponents[found]}}`;
