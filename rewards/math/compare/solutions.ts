import { type Condition, cases } from '../algebra/alternatives.ts';
import type { ExactPoint } from '../algebra/exact.ts';
import { count, type Expr } from '../algebra/expression.ts';
import { add, integer, multiply, type Rational, rational } from '../algebra/rational.ts';
import { unknowns } from '../algebra/unknowns.ts';
import { setRegion } from './real-sets.ts';
import { compareRegions, type Region, unionOf } from './regions.ts';
import { regionOf } from './relation-region.ts';

/** Conditions compared by what solves them, along the real line. */

const none: ExactPoint = new Map();

/** Each side is evaluated some thousand times on every line. */
const MOST_WORK = 240;
const isLarge = (names: readonly string[], ...conditions: readonly Condition[]) =>
  names.length ** 2 * conditions.reduce((sum, condition) => sum + count(condition, () => true), 0) >
  MOST_WORK;

/** Does a condition in one unknown hold exactly on this set? */
export function conditionDescribes(condition: Condition, set: Expr): boolean {
  const names = unknowns(condition);
  const region = setRegion(set);
  if (names.length !== 1 || region === undefined || isLarge(names, condition)) return false;
  return compareRegions(solutionsOf(condition, names[0]!, none), region)?.agree ?? false;
}

const solutionsOf = (condition: Condition, name: string, values: ExactPoint): Region =>
  unionOf(cases(condition).map((relation) => regionOf({ relation, name, values })));

/**
 * Do two conditions have the same solutions? Several unknowns: on lines through random values of all but one. Along
 * every unknown some line must tell, and none may tell them apart.
 */
export function sameSolutions(a: Condition, b: Condition): boolean {
  const names = unknowns(a, b);
  if (names.length === 0 || isLarge(names, a, b)) return false;
  return names.every((name) => {
    const rest = names.filter((other) => other !== name);
    const verdicts = (rest.length === 0 ? [0] : starts.map((_, line) => line)).map((line) => {
      const values = onLine(rest, line);
      const comparison = compareRegions(solutionsOf(a, name, values), solutionsOf(b, name, values));
      // Where neither ever holds, nothing is compared.
      return comparison && (comparison.agree && !comparison.anywhere ? undefined : comparison.agree);
    });
    return verdicts.includes(true) && !verdicts.includes(false);
  });
}

/** The last are far out: where the others pass beside all solutions. */
const starts = [7318n, 19142n, -12361n, 123_456_789n, -91_827_364n].map((n) => rational(n, 10_000n)!);
const NEAR = 3;
const step = rational(211n, 1000n)!;

const onLine = (names: readonly string[], line: number): ExactPoint =>
  new Map(
    names.map((name, i): [string, Rational] => [
      name,
      add(line < NEAR ? starts[(i + line) % NEAR]! : starts[line]!, multiply(step, integer(i))!)!,
    ]),
  );
