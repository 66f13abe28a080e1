import { isCondition } from '../algebra/alternatives.ts';
import { call, type Expr, isCall, isUnordered, key, type Num, num } from '../algebra/expression.ts';
import { equal, isInteger } from '../algebra/rational.ts';
import { renamed } from '../algebra/unknowns.ts';
import { determinants, isMatrix, sameMatrix } from './compare-matrices.ts';
import { isEquation, reduced, sameRelation } from './compare-relations.ts';
import { isSetLike, sameSet } from './compare-sets.ts';
import { equalValues, workedOut } from './equal-values.ts';
import { sameRounded } from './rounding.ts';
import { conditionDescribes, sameSolutions } from './solutions.ts';

export interface CompareOptions {
  /** Decimals that numbers are rounded to when one of them is written with a decimal point. */
  readonly precision: number;
  /** Strict: names of variables matter. Otherwise the n-th variable of one is the n-th of the other. */
  readonly strict: boolean;
  /** An inequality may answer a gold set; a set may always answer a gold inequality. */
  readonly allowSetRelationComp: boolean;
}

/**
 * Does the prediction say what the gold answer says? Not symmetric: the gold answer's form leads. A bare number
 * answers 'x = 5', but 'x = 5' and 'y = 5' differ; a set given as an interval answers an inequality.
 */
export function sameAnswer(gold: Expr, given: Expr, options: CompareOptions): boolean {
  const prediction = options.strict ? given : renamed(given, gold);
  const [a, b] = reduced(evaluated(gold), evaluated(prediction));
  if (options.allowSetRelationComp && isSetLike(a) && isCondition(b))
    return !isEquation(b) && conditionDescribes(b, a);
  return sameForm(a, b, options.precision);
}

/** Parts of an answer: their variables have been renamed with the whole. */
const samePart = (a: Expr, b: Expr, precision: number): boolean =>
  sameForm(...reduced(evaluated(a), evaluated(b)), precision);

function sameForm(a: Expr, b: Expr, precision: number): boolean {
  if (key(a) === key(b)) return true;
  const same = (x: Expr, y: Expr) => samePart(x, y, precision);
  if (isCall(a, 'Modulo') || isCall(b, 'Modulo')) return sameCongruence(a, b, same);
  if (a.kind === 'relation' && b.kind === 'relation') return sameRelation(a, b, same);
  if (isCall(a, 'Or') || isCall(b, 'Or')) return sameAlternatives(a, b, same);
  if (a.kind === 'relation') return isSetLike(b) && conditionDescribes(a, b);
  if (b.kind === 'relation') return false;
  if (isSetLike(a) || isSetLike(b)) return sameSet(a, b, same);
  if (isMatrix(a) || isMatrix(b)) return sameMatrix(a, b, same);
  if (isCall(a, 'Ratio') || isCall(b, 'Ratio')) return sameRatio(a, b);
  if (sameWord(a, b)) return true;
  if (a.kind === 'text' || b.kind === 'text') return false;
  return sameNumber(a, b, precision);
}

/** Beside x < 2 or x > 3: another condition, the set that it describes, or the same inequalities as a list. */
function sameAlternatives(a: Expr, b: Expr, same: (x: Expr, y: Expr) => boolean): boolean {
  const listed = (expr: Expr) => (isCall(expr, 'Or') ? call('Set', ...expr.args) : expr);
  if (isCondition(a) && isCondition(b)) return sameSet(listed(a), listed(b), same) || sameSolutions(a, b);
  if (isCondition(a) && isSetLike(b) && conditionDescribes(a, b)) return true;
  return (isUnordered(a) || isUnordered(b)) && sameSet(listed(a), listed(b), same);
}

/** Determinants, derivatives, integrals and limits replaced by what they come to. */
const evaluated = (expr: Expr): Expr => workedOut(determinants(expr));

/** n ≡ 1 (mod 4) and n ≡ 5 (mod 4). */
function sameCongruence(a: Expr, b: Expr, same: (x: Expr, y: Expr) => boolean): boolean {
  if (!isCall(a, 'Modulo') || !isCall(b, 'Modulo')) return false;
  const [first, modulus, second, other] = [a.args[0]!, a.args[1]!, b.args[0]!, b.args[1]!];
  if (!equalValues(modulus, other)) return false;
  if (same(first, second)) return true;
  const [x, y] = [first, second].map((side) => (side.kind === 'relation' ? side.args : [side]));
  if (x!.length !== y!.length || !x!.slice(0, -1).every((side, i) => same(side, y![i]!))) return false;
  const difference = call('Add', x!.at(-1)!, call('Neg', y!.at(-1)!));
  return equalValues(call('Mod', difference, modulus), num(0));
}

/** 1:2:3 and 2:4:6. */
function sameRatio(a: Expr, b: Expr): boolean {
  if (!isCall(a, 'Ratio') || !isCall(b, 'Ratio') || a.args.length !== b.args.length) return false;
  return a.args.every((term, i) =>
    equalValues(call('Mul', term, b.args[0]!), call('Mul', b.args[i]!, a.args[0]!)),
  );
}

/** \text{odd}, $odd$ and \text{Odd} are one word; without \text only a capital at the start makes no difference. */
function sameWord(a: Expr, b: Expr): boolean {
  const [first, second] = [spelled(a), spelled(b)];
  if (first === undefined || first.toLowerCase() !== second?.toLowerCase()) return false;
  if (a.kind === 'text' || b.kind === 'text') return true;
  return isLetters(a) && isLetters(b) && first.length > 2 && first.slice(1) === second.slice(1);
}

const isCount = (expr: Expr): expr is Num =>
  expr.kind === 'num' &&
  isInteger(expr.value) &&
  expr.value.n >= 0n &&
  !expr.decimal &&
  expr.base === undefined;

const isLetters = (expr: Expr) =>
  isCall(expr, 'Mul') && expr.args.every((arg) => arg.kind === 'sym' && arg.name.length === 1);

/** The word that letters or \text{…} spell. */
export function spelled(expr: Expr): string | undefined {
  if (expr.kind === 'text') return expr.value;
  if (expr.kind === 'sym') return expr.name;
  if (!isCall(expr, 'Mul')) return undefined;
  // June 20.
  const letters = expr.args.map((arg) => (isCount(arg) ? String(arg.value.n) : spelled(arg)));
  if (expr.args.every(isCount)) return undefined;
  return letters.every((letter) => letter !== undefined) ? letters.join('') : undefined;
}

function sameNumber(a: Expr, b: Expr, precision: number): boolean {
  if (differInBase(a, b)) return false;
  const [first, second] = [atom(a), atom(b)];
  if (first?.decimal || second?.decimal) return sameRounded(a, b, precision);
  // 50% answers 50, as people write it; 12.5% does not answer 12.5.
  if (first !== undefined && second !== undefined && isInteger(first.value) && isInteger(second.value)) {
    return equal(first.value, second.value) && first.base === second.base ? true : equalValues(a, b);
  }
  return equalValues(a, b);
}

/** '101 in base 2' asks for its digits: 5 is the value, and no answer. */
const differInBase = (a: Expr, b: Expr) => isBased(a) !== isBased(b);
const isBased = (expr: Expr) => expr.kind === 'num' && expr.base !== undefined;

/** A number alone, or a number of percent. */
function atom(expr: Expr) {
  const inner = isCall(expr, 'Percent') ? expr.args[0]! : expr;
  return inner.kind === 'num' ? inner : undefined;
}
