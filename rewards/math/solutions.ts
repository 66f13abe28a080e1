import { approximate } from './approximate.ts';
import { call, count, type Expr, type Relation } from './expression.ts';
import { contains, landmarks } from './real-sets.ts';
import { unknowns } from './unknowns.ts';

/**
 * Relations compared by what solves them, along the real line: every place where a side overtakes the other is
 * found by sign changes and bisection, and the two are compared at those places, between them and beyond.
 */

/** Slack at a boundary, relative to the sides. */
const TOUCHING = 1e-9;
/** t ↦ tan t spreads a finite grid over the whole line. */
const grid = Array.from({ length: 799 }, (_, i) => Math.tan(((i - 399) / 400) * (Math.PI / 2)));

/** Each side is evaluated some ten thousand times. */
const isLarge = (relation: Relation) => count(relation, () => true) > 200;

/** Does a relation in one unknown hold exactly on this set? */
export function relationDescribes(relation: Relation, set: Expr): boolean {
  const [name, ...others] = unknowns(relation);
  const ends = landmarks(set);
  if (name === undefined || others.length > 0 || ends === undefined || isLarge(relation)) return false;
  const marks = [...ends, ...crossings(relation, name)];
  return probes(marks).every((x) => holds(relation, name, x) === contains(set, x));
}

/**
 * Do two relations have the same solutions? Several unknowns: on lines through random values of all but one. Along
 * every unknown some line must tell, and none may tell them apart.
 */
export function sameSolutions(a: Relation, b: Relation): boolean {
  const names = unknowns(a, b);
  if (names.length === 0 || names.length > 4 || isLarge(a) || isLarge(b)) return false;
  return names.every((name) => {
    const rest = names.filter((other) => other !== name);
    const verdicts = [0, 1, 2].map((line) => {
      const at = (relation: Relation) => withValues(relation, rest, line);
      return sameOnLine(at(a), at(b), name);
    });
    return verdicts.includes(true) && !verdicts.includes(false);
  });
}

/** Undefined where nothing crosses, so that the relations may touch without crossing, and where neither ever holds. */
function sameOnLine(a: OnLine, b: OnLine, name: string): boolean | undefined {
  const [first, second] = [crossings(a.relation, name, a.values), crossings(b.relation, name, b.values)];
  if (first.length === 0 && second.length === 0) return undefined;
  const solved = (line: OnLine) =>
    probes([...first, ...second]).map((x) => holds(line.relation, name, x, line.values));
  const [ours, theirs] = [solved(a), solved(b)];
  if (!ours.includes(true) && !theirs.includes(true)) return undefined;
  return ours.every((holding, i) => holding === theirs[i]);
}

interface OnLine {
  readonly relation: Relation;
  readonly values: ReadonlyMap<string, number>;
}

function withValues(relation: Relation, names: readonly string[], line: number): OnLine {
  return {
    relation,
    values: new Map(names.map((name, i) => [name, [0.7318, 1.9142, -1.2361][(i + line) % 3]! + 0.211 * i])),
  };
}

const none: ReadonlyMap<string, number> = new Map();

function crossings({ args, ops }: Relation, name: string, values = none): number[] {
  return ops.flatMap((_, i) => {
    const gap = call('Add', args[i]!, call('Neg', args[i + 1]!));
    const at = (x: number) => approximate(gap, new Map(values).set(name, x));
    return roots((x) => {
      const value = at(x);
      return value === undefined || Math.abs(value.im) > TOUCHING ? Number.NaN : value.re;
    });
  });
}

function roots(f: (x: number) => number): number[] {
  const found: number[] = [];
  for (let i = 0; i < grid.length; i++) {
    const x = grid[i]!;
    const y = f(x);
    if (y === 0) found.push(x);
    const next = grid[i + 1];
    if (next === undefined) break;
    const z = f(next);
    // A value that appears or ends marks a boundary too: sqrt(x) < 2 begins at 0.
    if (y * z < 0 || Number.isNaN(y) !== Number.isNaN(z)) found.push(bisected(f, x, next));
  }
  return found;
}

function bisected(f: (x: number) => number, from: number, to: number): number {
  let [low, high] = [from, to];
  const side = (x: number) => (Number.isNaN(f(from)) || Number.isNaN(f(to)) ? Number.isNaN(f(x)) : f(x) < 0);
  const left = side(low);
  for (let i = 0; i < 80; i++) {
    const middle = (low + high) / 2;
    if (side(middle) === left) low = middle;
    else high = middle;
  }
  // Boundaries are mostly round numbers: 2, not 1.9999999999.
  const middle = (low + high) / 2;
  const round = Number(middle.toPrecision(12));
  return Math.abs(round - middle) <= 1e-11 * Math.max(1, Math.abs(middle)) ? round : middle;
}

/** The marks themselves, one point between neighbours, and points far out. */
function probes(marks: readonly number[]): number[] {
  const sorted = [...marks].filter(Number.isFinite).sort((a, b) => a - b);
  const distinct = sorted.filter((x, i) => i === 0 || x - sorted[i - 1]! > 1e-8 * Math.max(1, Math.abs(x)));
  const between = distinct.slice(1).map((x, i) => (x + distinct[i]!) / 2);
  const [low = 0, high = 0] = [distinct[0], distinct.at(-1)];
  return [...distinct, ...between, low - 1, low - 1000, high + 1, high + 1000];
}

function holds({ args, ops }: Relation, name: string, x: number, values = none): boolean {
  const point = new Map(values).set(name, x);
  const sides = args.map((arg) => approximate(arg, point));
  return ops.every((op, i) => {
    const [left, right] = [sides[i], sides[i + 1]];
    if (
      left === undefined ||
      right === undefined ||
      Math.abs(left.im) > TOUCHING ||
      Math.abs(right.im) > TOUCHING
    )
      return false;
    const gap = left.re - right.re;
    const touching = Math.abs(gap) <= TOUCHING * Math.max(1, Math.abs(left.re), Math.abs(right.re));
    if (op === '=') return touching;
    if (op === '≠') return !touching;
    if (op === '<' || op === '≤') return touching ? op === '≤' : gap < 0;
    return op === '>' || op === '≥' ? (touching ? op === '≥' : gap > 0) : false;
  });
}
