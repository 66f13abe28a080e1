/** Size of each dynamic axis, by symbol. */
export type Sizes = Readonly<Record<string, number>>;

/** The factors of an axis' size as `CompileOptions.dynamicAxes` writes it: 'rows', or 'prefixes*group'. */
export const factorsOf = (size: string): readonly string[] => size.split('*');

/** The size of an axis, at the sizes of the symbols. */
export const sizeAt = (size: string, sizes: Sizes): number =>
  factorsOf(size).reduce((product, symbol) => product * sizes[symbol]!, 1);

/** How often a program with dynamic axes is traced. */
export const TRACES = 4;

/** Primes from 53 on. */
const primes = [
  53, 59, 61, 67, 71, 73, 79, 83, 89, 97, 101, 103, 107, 109, 113, 127, 131, 137, 139, 149, 151, 157, 163,
  167, 173, 179, 181, 191, 193, 197, 199, 211, 223, 227, 229, 233, 239, 241, 251, 257,
];

/**
 * The sizes at which a program is traced: every symbol has another prime number in each trace. So two sizes agree only
 * where they are the same expression.
 */
export function tracedSizes(symbols: readonly string[]): readonly Sizes[] {
  return Array.from({ length: TRACES }, (_, trace) =>
    Object.fromEntries(symbols.map((symbol, i) => [symbol, primes[TRACES * i + trace]!])),
  );
}

/** A number times a product of symbols. */
export interface Term {
  readonly factor: number;
  readonly symbols: readonly string[];
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
    at: traces.map((sizes) => symbols.reduce((product, symbol) => product * sizes[symbol]!, 1)),
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
  const all = symbols.reduce<string[][]>(
    (sets, symbol) => [...sets, ...sets.map((set) => [...set, symbol])],
    [[]],
  );
  return all.sort((a, b) => a.length - b.length);
}

/** Writes a polynomial, terms in one order, so that equal ones are equal texts: '2*rows+8'. */
export function polynomialText(terms: readonly Term[]): string {
  return terms
    .map(({ factor, symbols }) => [factor, ...[...symbols].sort()].join('*'))
    .sort()
    .join('+');
}
