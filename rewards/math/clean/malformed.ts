/** Commands that take arguments, and how many: \frac{1}{2}, \sqrt[3]{8}. */
const commands = /\\(?:[dtc]?frac|[dt]?binom|sqrt(?:\s*\[[^\]]*\])?)/g;

/**
 * True for LaTeX that a reader understands and TeX may not mean: arguments or scripts without their braces (\frac12,
 * \sqrt3, x^(2), x^-1), \log_28.
 */
export function isMalformed(latex: string): boolean {
  if (/\^\s?[(-]|\\log_\s?\d\d|\^\s?\\frac/.test(latex)) return true;
  return [...latex.matchAll(commands)].some((match) => {
    const first = groupEnd(latex, match.index + match[0].length);
    return first === undefined || (!match[0].startsWith('\\sqrt') && groupEnd(latex, first) === undefined);
  });
}

/** Where the braced group that follows ends; undefined where none does. */
function groupEnd(latex: string, from: number): number | undefined {
  let start = from;
  while (latex[start] === ' ') start++;
  if (latex[start] !== '{') return undefined;
  let depth = 0;
  for (let i = start; i < latex.length; i++) {
    if (latex[i] === '{') depth++;
    else if (latex[i] === '}' && --depth === 0) return i + 1;
  }
  return undefined;
}
