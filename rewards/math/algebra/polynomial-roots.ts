import {
  derivative,
  divided,
  type IntegerPolynomial,
  leanest,
  overIntegers,
  type Polynomial,
} from './polynomial.ts';
import {
  add,
  compare,
  floor,
  integer,
  middleOf,
  multiply,
  negate,
  type Rational,
  rational,
  toNumber,
} from './rational.ts';
import { isNear, type RealPoint } from './real-point.ts';

/** Every real root once, left to right, isolated by Sturm's theorem; undefined where that would take long. */
export function realRoots(p: Polynomial): RealPoint[] | undefined {
  if (p.length < 2) return [];
  const chain = sturmChain(overIntegers(p));
  if (chain === undefined || chain.some(isWide)) return undefined;
  const bound = integer(1n << BigInt(boundBits(chain[0]!)));
  return isolated(chain, { low: negate(bound), high: bound, depth: 0 });
}

/** Bits of a coefficient beyond which roots are not worth their time. */
const WIDEST = 1200;
const bits = (x: bigint) => (x < 0n ? -x : x).toString(16).length * 4;
const isWide = (p: IntegerPolynomial) => p.some((x) => bits(x) > WIDEST);

/** Of p without its repeated factors: it and its derivative, and on from both the negative rest of each division. */
function sturmChain(p: IntegerPolynomial): IntegerPolynomial[] | undefined {
  const rests = remainders(p, derivative(p));
  const common = rests?.at(-1);
  if (common === undefined || common.length === 1) return rests;
  const simple = leanest(divided(p, common).whole);
  return remainders(simple, derivative(simple));
}

function remainders(p: IntegerPolynomial, q: IntegerPolynomial): IntegerPolynomial[] | undefined {
  const chain = [p, q];
  for (;;) {
    const { rest } = divided(chain.at(-2)!, chain.at(-1)!);
    if (rest.length === 0) return chain;
    const next = leanest(rest.map((x) => -x));
    if (isWide(next)) return undefined;
    chain.push(next);
  }
}

/** Cauchy's bound on the roots, as the exponent of a power of two. */
function boundBits(p: IntegerPolynomial): number {
  return Math.max(...p.map(bits)) - bits(p.at(-1)!) + 6;
}

interface Stretch {
  readonly low: Rational;
  readonly high: Rational;
  readonly depth: number;
}

const DEEPEST = 300;

function isolated(
  chain: readonly IntegerPolynomial[],
  { low, high, depth }: Stretch,
): RealPoint[] | undefined {
  const count = changes(chain, low) - changes(chain, high);
  if (count === 0) return [];
  if (count === 1) return [rootIn(chain[0]!, low, high)];
  if (depth > DEEPEST) return undefined;
  const middle = middleOf(low, high)!;
  const left = isolated(chain, { low, high: middle, depth: depth + 1 });
  const right = isolated(chain, { low: middle, high, depth: depth + 1 });
  return left && right && [...left, ...right];
}

/** How often the signs change along the chain at x: its fall from a to b counts the roots in (a, b]. */
function changes(chain: readonly IntegerPolynomial[], x: Rational): number {
  const signs = chain.map((p) => signAt(p, x)).filter((sign) => sign !== 0);
  return signs.filter((sign, i) => i > 0 && sign !== signs[i - 1]).length;
}

function signAt(p: IntegerPolynomial, { n, d }: Rational): number {
  let [value, scale] = [0n, 1n];
  for (let i = p.length - 1; i >= 0; i--) {
    value = value * n + p[i]! * scale;
    scale *= d;
  }
  return value === 0n ? 0 : value < 0n ? -1 : 1;
}

/** Wider leading coefficients are not taken for denominators of answers. */
const LONGEST_DENOMINATOR = 200;

/** The one root in (low, high], by halving; exactly where it is a fraction: its denominator divides the leading coefficient. */
function rootIn(p: IntegerPolynomial, from: Rational, to: Rational): RealPoint {
  if (signAt(p, to) === 0) return exactPoint(to);
  const lead = p.at(-1)! < 0n ? -p.at(-1)! : p.at(-1)!;
  const denominator = bits(lead) > LONGEST_DENOMINATOR ? 1n : lead;
  const narrow = rational(1n, 2n * denominator)!;
  let [low, high] = [from, to];
  const right = signAt(p, high);
  const isApart = () =>
    compare(add(high, negate(low))!, narrow) > 0 || !isNear(toNumber(low), toNumber(high), 1e-15);
  for (let i = 0; i < 2 * WIDEST && isApart(); i++) {
    const middle = middleOf(low, high)!;
    const side = signAt(p, middle);
    if (side === 0) return exactPoint(middle);
    if (side === right) high = middle;
    else low = middle;
  }
  const fraction = rational(floor(multiply(high, integer(denominator))!), denominator)!;
  return compare(low, fraction) < 0 && signAt(p, fraction) === 0
    ? exactPoint(fraction)
    : { near: toNumber(high) };
}

const exactPoint = (exact: Rational): RealPoint => ({ near: toNumber(exact), exact });
