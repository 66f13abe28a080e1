import { type CompareOptions, sameAnswer } from './compare/compare.ts';
import { readLatex } from './find/read-match.ts';

/**
 * True when two clauses say that their answers hold for different things: k ∈ ℤ and k ∈ ℝ, n ≥ 2 and n ≥ 3. Clauses of
 * which one only is there, or only words, don't clash.
 */
export function clausesClash(a: string | undefined, b: string | undefined, options: CompareOptions): boolean {
  if (a === undefined || b === undefined) return false;
  const [first, second] = [domain(a), domain(b)];
  if (first !== undefined && second !== undefined && first !== second) return true;
  const [left, right] = [conditions(a), conditions(b)];
  if (left === '' || right === '' || left === right) return false;
  const [x, y] = [readLatex(left), readLatex(right)];
  return x === undefined || y === undefined || !sameAnswer(x, y, options);
}

const domains: readonly (readonly [name: string, pattern: RegExp])[] = [
  [
    'naturals',
    /\\mathbb\s?\{?N|ℕ|natural|positive (?:whole|integer)|non-?negative integer|\\mathbb\s?\{?Z\}?[_^]/,
  ],
  ['integers', /\\mathbb\s?\{?Z|ℤ|integer|whole number/],
  ['rationals', /\\mathbb\s?\{?Q|ℚ|rational/],
  ['reals', /\\mathbb\s?\{?R|ℝ|real/],
  ['complexes', /\\mathbb\s?\{?C|ℂ|complex/],
];
const domain = (clause: string) => domains.find(([, pattern]) => pattern.test(clause))?.[0];

/** The inequalities and equations of a clause. */
const conditions = (clause: string): string =>
  clause
    .split(
      /\s*,\s*|\s\s+|\b(?:and|for|all|any|every|real|positive|integers?|numbers?|constants?|is|are|an?)\b/,
    )
    .filter((part) => /\\(?:geq?|leq?|neq?|gt|lt)(?![a-zA-Z])|[<>≤≥≠=]/.test(part))
    .join(',');
