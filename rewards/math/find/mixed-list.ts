const item = String.raw`(?:\$[^$\n]+\$|-?\d+(?:\.\d+)?)`;
const mixed = new RegExp(String.raw`^\s*${item}(?:(?:,| or| and|, or|, and) ${item})+\s*$`);
const bareNumber = /(?:^|[ ,])-?\d[\d.]*(?:[ ,]|$)/;
const LONGEST = 200;

/** '$\\frac12$ or 3' as one formula; undefined for a list all of whose items have delimiters. */
export function mixedList(text: string): string | undefined {
  if (text.length > LONGEST || !mixed.test(text)) return undefined;
  if (!bareNumber.test(text.replace(/\$[^$]+\$/g, ''))) return undefined;
  const joined = text
    .trim()
    .replace(/\$/g, '')
    .replace(/ (and|or) /g, '\\text{ $1 }');
  return `$${joined}$`;
}
