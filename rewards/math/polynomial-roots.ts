import { derivative, divided, type Polynomial, valueAt } from './polynomial.ts';
import {
  add,
  compare,
  integer,
  invert,
  multiply,
  negate,
  type Rational,
  rational,
  toNumber,
} from './rational.ts';
import { isNear, type RealPoint, simpleFraction } from './real-point.ts';

/** Every real root once, left to right, isolated by Sturm's theorem; undefined where the numbers grow absurdly wide. */
export function realRoots(p: Polynomial): RealPoint[] | undefined {
  if (p.length < 2) return [];
  const chain = sturmChain(p);
  const bound = chain && bounded(chain[0]!);
  if (bound === undefined) return undefined;
  return isolated(chain!, { low: negate(bound), high: bound, depth: 0 });
}

/** Of p without its repeated factors: it and its derivative, and on from both the negative rest of each division. */
function sturmChain(p: Polynomial): Polynomial[] | undefined {
  const rests = remainders(p, derivative(p));
  const common = rests?.at(-1);
  if (common === undefined || common.length === 1) return rests;
  const simple = divided(p, common)?.whole;
  return simple && remainders(simple, derivative(simple));
}

function remainders(p: Polynomial, q: Polynomial): Polynomial[] | undefined {
  const chain = [p, q];
  for (;;) {
    const division = divided(chain.at(-2)!, chain.at(-1)!);
    if (division === undefined) return undefined;
    if (division.rest.length === 0) return chain;
    const next = scaled(division.rest);
    if (next === undefined) return undefined;
    chain.push(next);
  }
}

/** −p over the size of its leading coefficient: only signs matter, and numbers stay short. */
function scaled(p: Polynomial): Polynomial | undefined {
  const lead = p.at(-1)!;
  const factor = negate(invert(lead.n < 0n ? negate(lead) : lead)!);
  const result = p.map((x) => multiply(x, factor));
  return result.every((x) => x !== undefined) ? result : undefined;
}

/** Cauchy's bound on the roots, rounded up to a power of two. */
function bounded(p: Polynomial): Rational | undefined {
  const lead = invert(p.at(-1)!)!;
  let bits = 1;
  for (const x of p) {
    const ratio = multiply(x, lead);
    if (ratio === undefined) return undefined;
    bits = Math.max(
      bits,
      (ratio.n < 0n ? -ratio.n : ratio.n).toString(2).length + 2 - ratio.d.toString(2).length,
    );
  }
  return integer(1n << BigInt(bits + 1));
}

interface Stretch {
  /** No root itself. */
  readonly low: Rational;
  readonly high: Rational;
  readonly depth: number;
}

const DEEPEST = 400;
const HALF = rational(1n, 2n)!;

function isolated(chain: readonly Polynomial[], { low, high, depth }: Stretch): RealPoint[] | undefined {
  const [left, right] = [changes(chain, low), changes(chain, high)];
  if (left === undefined || right === undefined || depth > DEEPEST) return undefined;
  if (left === right) return [];
  if (left - right === 1) return [rootIn(chain[0]!, low, high)];
  const middle = add(low, high) && multiply(add(low, high)!, HALF);
  if (middle === undefined) return undefined;
  const [first, second] = [
    isolated(chain, { low, high: middle, depth: depth + 1 }),
    isolated(chain, { low: middle, high, depth: depth + 1 }),
  ];
  return first && second && [...first, ...second];
}

/** How often the signs change along the chain at x: its fall from a to b counts the roots in (a, b]. */
function changes(chain: readonly Polynomial[], x: Rational): number | undefined {
  let [count, last] = [0, 0];
  for (const p of chain) {
    const value = valueAt(p, x);
    if (value === undefined) return undefined;
    const sign = signOf(value);
    if (sign !== 0 && last !== 0 && sign !== last) count++;
    if (sign !== 0) last = sign;
  }
  return count;
}

const signOf = ({ n }: Rational) => (n === 0n ? 0 : n < 0n ? -1 : 1);

/** The one root in (low, high], by halving; exact where it is a short fraction. */
function rootIn(p: Polynomial, from: Rational, to: Rational): RealPoint {
  const sign = (x: Rational) => signOf(valueAt(p, x)!);
  if (sign(to) === 0) return exactPoint(to);
  let [low, high] = [from, to];
  const right = sign(high);
  while (!isNear(toNumber(low), toNumber(high), 1e-15)) {
    const middle = multiply(add(low, high)!, HALF)!;
    const side = sign(middle);
    if (side === 0) return exactPoint(middle);
    if (side === right) high = middle;
    else low = middle;
  }
  const near = toNumber(high);
  const simple = simpleFraction(near);
  const isRoot = simple !== undefined && sign(simple) === 0 && compare(low, simple) < 0;
  return isRoot && compare(simple, high) <= 0 ? exactPoint(simple) : { near };
}

const exactPoint = (exact: Rational): RealPoint => ({ near: toNumber(exact), exact });
