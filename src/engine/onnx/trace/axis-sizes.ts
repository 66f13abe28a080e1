import { EngineError } from '../../../errors.ts';

/** Size of each dynamic axis, by symbol. */
export type Sizes = Readonly<Record<string, number>>;

/** A number times a product of symbols. */
export interface Term {
  readonly factor: number;
  readonly symbols: readonly string[];
}

/** Reads the size of an axis as `CompileOptions.dynamicAxes` writes it: 'rows', 'prefixes*group' or '8*chunk'. */
export function termOf(size: string): Term {
  const parts = size.split('*');
  const symbols = parts.filter((part) => Number.isNaN(Number(part)));
  const numbers = parts.filter((part) => !symbols.includes(part)).map(Number);
  return { factor: numbers.reduce((product, number) => product * number, 1), symbols };
}

/** The value of a term. */
export const termAt = ({ factor, symbols }: Term, sizes: Sizes): number =>
  symbols.reduce((product, symbol) => product * sizes[symbol]!, factor);

/** How often a program with dynamic axes is traced. */
const TRACES = 4;

/** Small, because tfjs makes whole tensors of zeros while it is traced. */
const primes = [11, 13, 17, 19, 23, 29, 31, 37];

/**
 * The sizes at which a program is traced: prime numbers, for each symbol others in each trace. So two sizes agree in all
 * of them only where they are the same expression. There may be 8 symbols.
 */
export function tracedSizes(symbols: readonly string[]): readonly Sizes[] {
  if (symbols.length > primes.length) {
    throw new EngineError(`${symbols.length} dynamic sizes are too many: ${symbols.join(', ')}`);
  }
  // An odd step through 8 places visits each of them once.
  return Array.from({ length: TRACES }, (_, trace) =>
    Object.fromEntries(
      symbols.map((symbol, i) => [symbol, primes[((2 * trace + 1) * i + trace) % primes.length]!]),
    ),
  );
}

/**
 * Finds the polynomial that has these values at the traced sizes: one term, or two. Each symbol occurs in a term at most
 * once, and factors are whole numbers. Returns undefined when there is none. Four values leave no room for chance.
 */
export function polynomialThrough(
  values: readonly number[],
  traces: readonly Sizes[],
): readonly Term[] | undefined {
  const products = subsets(Object.keys(traces[0]!)).map((symbols) => ({
    symbols,
    at: traces.map((sizes) => termAt({ factor: 1, symbols }, sizes)),
  }));
  for (const { symbols, at } of products) {
    const factor = values[0]! / at[0]!;
    if (fits([factor], [at], values)) return [{ factor, symbols }];
  }
  for (const [i, first] of products.entries()) {
    for (const second of products.slice(0, i)) {
      const factors = solve([first.at, second.at], values);
      if (!fits(factors, [first.at, second.at], values)) continue;
      return [
        { factor: factors[0], symbols: first.symbols },
        { factor: factors[1], symbols: second.symbols },
      ];
    }
  }
  return undefined;
}

/** The two factors by which two products give the first two values. */
function solve(
  [a, b]: readonly [readonly number[], readonly number[]],
  values: readonly number[],
): [number, number] {
  const determinant = a[0]! * b[1]! - a[1]! * b[0]!;
  return [
    (values[0]! * b[1]! - values[1]! * b[0]!) / determinant,
    (a[0]! * values[1]! - a[1]! * values[0]!) / determinant,
  ];
}

const fits = (
  factors: readonly number[],
  products: readonly (readonly number[])[],
  values: readonly number[],
): boolean =>
  factors.every((factor) => Number.isInteger(factor) && factor !== 0) &&
  values.every((value, k) => value === products.reduce((sum, at, i) => sum + factors[i]! * at[k]!, 0));

/** All sets of symbols, the small ones first, the empty one included. */
function subsets(symbols: readonly string[]): readonly (readonly string[])[] {
  const all: (readonly string[])[] = [[]];
  for (const symbol of symbols) all.push(...all.map((set) => [...set, symbol]));
  return all.sort((a, b) => a.length - b.length);
}

/** Writes a polynomial, terms in one order, so that equal ones are equal texts: '2*rows+8'. */
export function polynomialText(terms: readonly Term[]): string {
  return terms
    .map(({ factor, symbols }) => [factor, ...[...symbols].sort()].join('*'))
    .sort()
    .join('+');
}
