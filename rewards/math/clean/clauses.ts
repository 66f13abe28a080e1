/** What stands behind an answer and says when it holds: k ∈ ℤ, for all x, where C is a constant. */

export interface Clauses {
  /** The answer without them. */
  readonly latex: string;
  /** The words and conditions taken off. */
  readonly clause?: string;
}

/** Longer ones are no answers, and hostile ones would be slow. */
const LONGEST = 400;
const connective = 'for|where|when|whenever|with|at|since|because|given|provided|assuming';
const start = new RegExp(String.raw`[\s,;(]*(?<![\\a-zA-Z_^{])(?<word>${connective})(?![a-zA-Z])`);
const hint = new RegExp(
  String.raw`[,;(]|\\quad|\\qquad|\\forall|(?<![a-zA-Z\\])(?:${connective})(?![a-zA-Z])|approx|about|\(only\)`,
);

export function withoutClauses(latex: string): Clauses {
  if (latex.length > LONGEST || !hint.test(latex) || /\\begin|\\mid|\\substack/.test(latex)) return { latex };
  const text = withPlainWords(latex);
  return rounded(text) ?? worded(text) ?? bracketed(text) ?? listed(text) ?? { latex };
}

/** \text{ for all } x\in\mathbb{R} as 'for all x\in\mathbb{R}'. */
export const withPlainWords = (latex: string): string =>
  latex
    .replace(/\\(?:text|textbf|textit|textrm|textnormal|mbox|mathrm)\s?\{([^{}]*)\}/g, ' $1 ')
    .replace(/\\forall(?![a-zA-Z])/g, ' for all ')
    .replace(/\\[ ,;:!]|\\q?quad(?![a-zA-Z])|~|\$/g, '  ')
    .replace(/\\(?:left|right)(?=[()])/g, '')
    .trim();

/** 4\pi (approximately 12.57). */
function rounded(text: string): Clauses | undefined {
  const found = /[\s,;]*(?:\(\s?)?(?:approximately|approx\.?|about|roughly|or about|\\approx|≈).{1,40}$/.exec(
    text,
  );
  const main = found === null ? undefined : mainPart(text.slice(0, found.index));
  return main === undefined || !/\\|[a-zA-Z]|\//.test(main) ? undefined : { latex: main };
}

/** What stands before the first connective, if what follows is a clause. */
function worded(text: string): Clauses | undefined {
  const found = start.exec(text);
  if (found === null) return undefined;
  const main = mainPart(text.slice(0, found.index));
  const rest = text
    .slice(found.index + found[0].length)
    .replace(/[\s.,;]+$/, '')
    .replace(/\s+/g, ' ');
  const clause = (found[0].includes('(') ? rest.replace(/\s*\)$/, '') : rest).trim();
  if (main === undefined || !isClause(found.groups!.word!, clause)) return undefined;
  // x > 3 for x < 10 is one condition more, and no remark.
  return relation.test(main) && relation.test(clause) ? undefined : { latex: main, clause };
}

/** The answer before a clause: mathematics alone, its brackets closed. */
function mainPart(text: string): string | undefined {
  const main = text.replace(/[\s,;(]+$/, '');
  const isMathematics =
    /[\da-zA-Z]/.test(main) && !/[=<>+*/^_-]$/.test(main) && !/(?<![\\a-zA-Z])[a-zA-Z]{3,}/.test(main);
  return isMathematics ? main : undefined;
}

const relation = /\\(?:in|notin|geq?|leq?|neq?|gt|lt|geqslant|leqslant|subset|subseteq)(?![a-zA-Z])|[<>≤≥≠∈]/;
const words = new Set(
  `all any every each some real complex rational integer integers natural whole number numbers positive negative nonnegative
  nonzero odd even constant constants arbitrary fixed is are be being a an the value values of and in that such domain
  parameter parameters integration coefficient coefficients reals only distinct both non`.split(/\s+/),
);

/** True for conditions and words that say nothing of another answer. */
function isClause(word: string, clause: string): boolean {
  if (
    new RegExp(
      String.raw`(?<![\\a-zA-Z])(?:${connective}|otherwise|else|if|or|unless|but|respectively)(?![a-zA-Z])`,
    ).test(clause)
  )
    return false;
  // Commas inside brackets part nothing: x \in (0, 1).
  const parts = clause
    .replace(/[([][^()[\]]*[)\]]/g, (group) => group.replaceAll(',', ' '))
    .split(/\s*[,;]\s*|\band\b/);
  if (/^(?:since|because|given|provided|assuming)$/.test(word))
    return parts.length === 1 && /[a-zA-Z]/.test(clause);
  // What the letters of a formula stand for: where r is the radius.
  if (word === 'where' && /^\s?[a-zA-Z](?:_\w)? (?:is|denotes|represents) [a-z ]+$/.test(clause)) return true;
  return parts.every((part, i) => isCondition(part, i === 0));
}

/** A relation, names, and words; at x = 3. */
function isCondition(part: string, first: boolean): boolean {
  const rest = part
    .split(/\s+/)
    .filter((word) => !words.has(word.toLowerCase()))
    .join(' ');
  if (/(?<![\\a-zA-Z])[a-zA-Z]{3,}/.test(rest)) return false;
  if (/=/.test(rest)) return first && /^[a-zA-Z](?:_\w)?\s?=\s?-?[\w\\{}./]{1,20}$/.test(rest);
  return rest === '' || relation.test(rest) || /^(?:\\[a-zA-Z]+|[a-zA-Z])(?:_\w)?$/.test(rest);
}

/** f(x) = cx (c\in\mathbb{R}). */
function bracketed(text: string): Clauses | undefined {
  const found = /\s\(\s*([^()]{1,80})\)$/.exec(text);
  if (found === null) return undefined;
  const main = mainPart(text.slice(0, found.index));
  const clause = found[1]!.trim();
  if (main === undefined || (relation.test(main) && relation.test(clause))) return undefined;
  if (clause === 'only') return { latex: main };
  return relation.test(clause) && isClause('for', clause) && occurs(subject(clause), main)
    ? { latex: main, clause }
    : undefined;
}

const names = String.raw`\\?[a-zA-Z]+(?:_\w)?(?:\s?,\s?[a-zA-Z](?:_\w)?)*`;
const sign = String.raw`(?:\\(?:in|geq?|leq?|neq?|gt|lt)(?![a-zA-Z])|[<>≤≥≠∈])`;
const memberOfList = String.raw`[a-zA-Z]\s*\\in\s*\\[{][^{}]{1,40}\\[}]`;
const lastItem = new RegExp(
  String.raw`(?:\s*[,;]\s*|\s{2,})(${names}\s*${sign}[^=,;]{1,40}|${memberOfList})$`,
);

/** x = \frac{\pi}{4} + k\pi, k \in \mathbb{Z}: the last item says what the name in the one before it stands for. */
function listed(text: string): Clauses | undefined {
  const found = lastItem.exec(text);
  const main = found === null ? undefined : mainPart(text.slice(0, found.index));
  if (found === null || main === undefined || relation.test(main)) return undefined;
  const clause = found[1]!;
  // 'x = 2, y ∈ ℝ' are two answers: the name must occur in the value of the one before.
  const value = main.slice(main.lastIndexOf('=') + 1);
  return occurs(subject(clause), value) ? { latex: main, clause } : undefined;
}

const subject = (clause: string): string => /^\\?[a-zA-Z]+/.exec(clause.trim())?.[0] ?? '';

/** Does a name stand in the mathematics? */
const occurs = (name: string, main: string): boolean =>
  name !== '' &&
  (name.startsWith('\\')
    ? /\${name}(?![a-zA-Z])/.test(main)
    : name.length === 1 && main.replace(/\\[a-zA-Z]+/g, '').includes(name));
