import { generatePrimeSync } from 'node:crypto';
import { exactValue } from './exact.ts';
import { type Call, type Expr, key, num } from './expression.ts';
import { logarithm } from './logarithm.ts';
import { integerModulo, inverseModulo, powerModulo, reduce } from './modular.ts';
import { isInteger, type Rational, rational } from './rational.ts';
import { unknowns } from './unknowns.ts';

/**
 * Equality of numbers too large to write out (2025!/2024!, 4^(2^14)): both are worked out modulo random primes of 96
 * bits. Unequal ones agree by chance once in 2^150 times, and no text can be made to, since every process draws its own
 * primes. What has no exact value (π, √2, names) counts as an unknown, the same on both sides.
 */
export function sameResidues(a: Expr, b: Expr): boolean {
  primes ??= [1, 2].map(() => generatePrimeSync(96, { bigint: true }));
  return primes.every((prime) => {
    const field = new Field(prime);
    const left = field.residue(a);
    return left !== undefined && left === field.residue(b);
  });
}

let primes: readonly bigint[] | undefined;

/** Parts, and factors of factorials, that one comparison works out at most: about a third of a second. */
const MOST_STEPS = 400_000;
const MOST_TERMS = 20_000n;
const STEPS_PER_BIT = 3;
const STEPS_OF_INVERSE = 100;
/** Factorials that are remembered: the next one starts at the largest below it. */
const MOST_REMEMBERED = 8;

class Field {
  readonly #prime: bigint;
  #steps = MOST_STEPS;
  /** Residues of what has no exact value, by key. */
  readonly #unknowns = new Map<string, bigint>();
  /** Where the sums stand that are being added up. */
  readonly #indices = new Map<string, Rational>();
  #factorials: readonly { n: bigint; value: bigint }[] = [{ n: 0n, value: 1n }];

  constructor(prime: bigint) {
    this.#prime = prime;
  }

  /** Undefined for what is no number, divides by zero or takes too long. */
  residue(expr: Expr): bigint | undefined {
    if (this.#steps-- <= 0) return undefined;
    if (expr.kind === 'num') return this.#fraction(this.#exact(expr));
    if (expr.kind === 'sym') return this.#fraction(this.#indices.get(key(expr))) ?? this.#unknown(expr);
    return expr.kind === 'call' ? this.#call(expr) : undefined;
  }

  #call(expr: Call): bigint | undefined {
    const { head } = expr;
    if (head === 'Sum' || head === 'Product') return this.#sum(expr);
    if (head === 'Factorial' || head === 'Binomial') return this.#counted(expr);
    const combine = combinations[head];
    if (combine !== undefined) return this.#combined(expr, combine);
    return this.#special(expr) ?? this.#fraction(this.#exact(expr)) ?? this.#unknown(expr);
  }

  /** Costs about as much as a hundred products. */
  #inverse(x: bigint): bigint | undefined {
    this.#steps -= STEPS_OF_INVERSE;
    return inverseModulo(x, this.#prime);
  }

  #combined({ head, args }: Call, combine: Combination): bigint | undefined {
    const values = args.map((arg) => this.residue(arg));
    if (!values.every((value) => value !== undefined)) return undefined;
    const inverse = head === 'Div' ? this.#inverse(values[1]!) : 1n;
    const value = inverse === undefined ? undefined : combine(values, this.#prime, inverse);
    return value === undefined ? undefined : reduce(value, this.#prime);
  }

  #special({ head, args: [first, second] }: Call): bigint | undefined {
    if (head === 'Pow') return this.#power(first!, second!);
    if (head === 'Root') return this.#root(first!, second!);
    if (head === 'Mod') {
      const modulus = this.#integer(second!);
      const rest = modulus === undefined ? undefined : integerModulo(first!, modulus);
      return rest === undefined ? undefined : reduce(rest, this.#prime);
    }
    const exact = head === 'Log' ? logarithm(first!, second!) : undefined;
    return exact && this.residue(exact);
  }

  #exact = (expr: Expr) => exactValue(expr, this.#indices);

  #fraction(value: Rational | undefined): bigint | undefined {
    if (value === undefined) return undefined;
    const inverse = value.d === 1n ? 1n : this.#inverse(value.d);
    return inverse === undefined ? undefined : reduce(value.n * inverse, this.#prime);
  }

  /** Undefined for what changes with a sum's index. */
  #unknown(expr: Expr): bigint | undefined {
    if (expr.kind === 'sym' && expr.name === 'infinity') return undefined;
    if (this.#indices.size > 0 && unknowns(expr).some((name) => this.#indices.has(name))) return undefined;
    const name = key(expr);
    const value = this.#unknowns.get(name) ?? generatePrimeSync(95, { bigint: true });
    this.#unknowns.set(name, value);
    return value;
  }

  /** The exponent is taken exactly, or modulo p − 1 where it is itself too large (Fermat). */
  #power(base: Expr, exponent: Expr): bigint | undefined {
    const exact = this.#exact(exponent);
    if (exact !== undefined && !isInteger(exact)) return undefined;
    const times = exact?.n ?? integerModulo(exponent, this.#prime - 1n);
    if (times !== undefined) this.#steps -= STEPS_PER_BIT * times.toString(2).length;
    const value = times === undefined ? undefined : this.residue(base);
    if (times === undefined || value === undefined || value === 0n) return undefined;
    const raised = powerModulo(value, times < 0n ? -times : times, this.#prime);
    return times < 0n ? this.#inverse(raised) : raised;
  }

  /** \sqrt[3]{3^{3000}} is 3^{1000}. */
  #root(inner: Expr, degree: Expr): bigint | undefined {
    if (inner.kind !== 'call' || inner.head !== 'Pow') return undefined;
    const [base, exponent, k] = [...inner.args, degree].map(this.#exact);
    if (base === undefined || base.n <= 0n || exponent === undefined || k === undefined) return undefined;
    const times = rational(exponent.n * k.d, exponent.d * k.n);
    return times && this.#power(inner.args[0]!, num(times));
  }

  #integer(expr: Expr): bigint | undefined {
    const value = this.#exact(expr);
    return value !== undefined && isInteger(value) ? value.n : undefined;
  }

  #counted({ head, args }: Call): bigint | undefined {
    const [n, k] = args.map((arg) => this.#integer(arg));
    if (n === undefined || n < 0n) return undefined;
    if (head === 'Factorial') return this.#factorial(n);
    if (k === undefined || k < 0n || k > n) return undefined;
    const [below, rest, top] = [this.#factorial(k), this.#factorial(n - k), this.#factorial(n)];
    if (below === undefined || rest === undefined || top === undefined) return undefined;
    const inverse = this.#inverse(below * rest);
    return inverse === undefined ? undefined : (top * inverse) % this.#prime;
  }

  #factorial(n: bigint): bigint | undefined {
    const from = this.#factorials.reduce((best, known) =>
      known.n <= n && (known.n > best.n || best.n > n) ? known : best,
    );
    const start = from.n <= n ? from : { n: 0n, value: 1n };
    if (n - start.n > BigInt(this.#steps)) return undefined;
    this.#steps -= Number(n - start.n);
    let { value } = start;
    for (let i = start.n + 1n; i <= n; i++) value = (value * i) % this.#prime;
    this.#factorials = [{ n, value }, ...this.#factorials].slice(0, MOST_REMEMBERED);
    return value;
  }

  #sum({ head, args }: Call): bigint | undefined {
    const [body, variable, from, to] = args;
    const [first, last] = [this.#integer(from!), this.#integer(to!)];
    if (first === undefined || last === undefined) return undefined;
    if (last < first - 1n || last - first > MOST_TERMS) return undefined;
    const name = key(variable!);
    const outer = this.#indices.get(name);
    let total: bigint | undefined = head === 'Sum' ? 0n : 1n;
    for (let k = first; k <= last && total !== undefined; k++) {
      this.#indices.set(name, { n: k, d: 1n });
      const term = this.residue(body!);
      if (term === undefined) total = undefined;
      else total = (head === 'Sum' ? total + term : total * term) % this.#prime;
    }
    if (outer === undefined) this.#indices.delete(name);
    else this.#indices.set(name, outer);
    return total;
  }
}

/** @param inverse of the second value, where it divides. */
type Combination = (values: readonly bigint[], prime: bigint, inverse: bigint) => bigint;

const combinations: Readonly<Record<string, Combination>> = {
  Add: (values) => values.reduce((a, b) => a + b),
  Mul: (values, prime) => values.reduce((a, b) => (a * b) % prime, 1n),
  Neg: ([x]) => -x!,
  Degree: ([x]) => x!,
  Div: ([a], _, inverse) => a! * inverse,
  Percent: ([x], prime) => x! * inverseModulo(100n, prime)!,
};
