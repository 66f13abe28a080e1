/** What stands in aligned lines and in cases, as the one line that says it. */

const aligned =
  /^\\begin\s?\{(aligned?\*?|alignedat|split|gather(?:ed)?\*?|equation\*?|eqnarray\*?|multline\*?)\}([\s\S]*)\\end\s?\{\1\}$/;
const cases =
  /^(?:\\left\s?\\\{\s?)?\\begin\s?\{(?:(cases|dcases|rcases)|(array)\s?\}\s?\{[lrc|\s]*)\}([\s\S]*)\\end\s?\{(?:\1|\2)\}(?:\s?\\right\s?\.)?$/;

/**
 * A calculation in aligned lines comes to its last line: \begin{aligned}x&=12+5\\&=17\end{aligned} is 17. Equations in
 * cases hold together: x=1, y=2.
 */
export function withoutEnvironment(latex: string): string {
  const lines = rows(aligned.exec(latex)?.[2]);
  if (lines !== undefined) return lines.at(-1)!.replace(/^=/, '').trim();
  const match = cases.exec(latex);
  // An array without the brace at its left is a matrix.
  const isCases = match?.[1] !== undefined || /^\\left\s?\\\{/.test(latex);
  return (isCases ? rows(match?.[3])?.join(', ') : undefined) ?? latex;
}

/** The lines that hold something, & taken out; undefined where there are none. */
function rows(body: string | undefined): string[] | undefined {
  const lines = body
    ?.split('\\\\')
    .map((line) => line.replace(/(?<!\\)&/g, '').trim())
    .filter((line) => line !== '');
  return lines === undefined || lines.length === 0 ? undefined : lines;
}
