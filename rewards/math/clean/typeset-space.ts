const leading = /^(?:\s|~|\\[,;:! ]|\\q?quad(?![a-zA-Z]))/;
/** A line break, or what is left of one, ends nothing. */
const trailing = /(?:\s|~|\\[,;:! ]|\\q?quad|\\{1,2})$/;
/** Characters that one typeset space takes at most. */
const WIDEST = 6;

/** LaTeX without the spaces, plain and typeset, at its end. */
export function withoutTrailingSpace(latex: string): string {
  let end = latex.length;
  for (;;) {
    const match = trailing.exec(latex.slice(Math.max(0, end - WIDEST), end));
    if (match === null) return latex.slice(0, end);
    end -= match[0].length;
  }
}

/** LaTeX without the spaces, plain and typeset, at either end. */
export function withoutSpaceAround(latex: string): string {
  let start = 0;
  for (;;) {
    const match = leading.exec(latex.slice(start, start + WIDEST));
    if (match === null) return withoutTrailingSpace(latex.slice(start));
    start += match[0].length;
  }
}
