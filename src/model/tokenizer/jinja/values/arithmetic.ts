import { isNumeric, plainNumber } from './compare.ts';
import { printf } from './printf.ts';
import { isList, Marked, TemplateError, Tuple, typeName, Unsupported, type Value } from './values.ts';

export type Operator = '+' | '-' | '*' | '/' | '//' | '%' | '**';

/** `left operator right` as Python computes it. @throws TemplateError for types that don't go together. */
export function arithmetic(operator: Operator, left: Value, right: Value): Value {
  if (left instanceof Marked || right instanceof Marked)
    throw new Unsupported(`"${operator}" on text marked as safe`);
  if (isNumeric(left) && isNumeric(right)) {
    const [a, b] = [plainNumber(left), plainNumber(right)];
    if (typeof a === 'bigint' && typeof b === 'bigint') return whole(operator, a, b);
    return real(operator, Number(a), Number(b));
  }
  const joined = operator === '+' ? added(left, right) : undefined;
  const done = joined ?? (operator === '*' ? (repeated(left, right) ?? repeated(right, left)) : undefined);
  if (done !== undefined) return done;
  if (operator === '%' && typeof left === 'string') return printf(left, right);
  throw new TemplateError(
    `unsupported operand type(s) for ${operator}: '${typeName(left)}' and '${typeName(right)}'`,
  );
}

function added(left: Value, right: Value): Value | undefined {
  if (typeof left === 'string' && typeof right === 'string') return left + right;
  if (isList(left) && isList(right)) return [...left, ...right];
  if (left instanceof Tuple && right instanceof Tuple) return new Tuple([...left.items, ...right.items]);
  return undefined;
}

function repeated(what: Value, times: Value): Value | undefined {
  if (typeof times !== 'bigint' && typeof times !== 'boolean') return undefined;
  const count = Math.max(0, Number(times));
  if (typeof what === 'string') return what.repeat(count);
  if (isList(what)) return Array.from({ length: count }, () => what).flat();
  if (what instanceof Tuple) return new Tuple(Array.from({ length: count }, () => what.items).flat());
  return undefined;
}

function whole(operator: Operator, a: bigint, b: bigint): Value {
  switch (operator) {
    case '+':
      return a + b;
    case '-':
      return a - b;
    case '*':
      return a * b;
    case '/':
      return Number(a) / nonZero(Number(b));
    case '//':
      return floored(a, nonZero(b));
    case '%':
      return a - floored(a, nonZero(b)) * b;
    case '**':
      if (b < 0n || b > 10_000n) throw new Unsupported(`"**" with ${b}`);
      return a ** b;
  }
}

/** The quotient, rounded down. */
function floored(a: bigint, b: bigint): bigint {
  const quotient = a / b;
  return a % b !== 0n && a < 0n !== b < 0n ? quotient - 1n : quotient;
}

function real(operator: Operator, a: number, b: number): Value {
  switch (operator) {
    case '+':
      return a + b;
    case '-':
      return a - b;
    case '*':
      return a * b;
    case '/':
      return a / nonZero(b);
    case '//':
      return Math.floor(a / nonZero(b));
    case '%': {
      const rest = a % nonZero(b);
      if (rest === 0) return b < 0 ? -0 : 0;
      return rest < 0 !== b < 0 ? rest + b : rest;
    }
    case '**':
      throw new Unsupported('"**" with other than whole numbers');
  }
}

function nonZero<N extends number | bigint>(value: N): N {
  // biome-ignore lint/suspicious/noDoubleEquals: 0 and 0n alike
  if (value == 0) throw new TemplateError('division by zero');
  return value;
}

/** `-value` and `+value`. */
export function signed(operator: '-' | '+', value: Value): Value {
  if (!isNumeric(value))
    throw new TemplateError(`bad operand type for unary ${operator}: '${typeName(value)}'`);
  const number = plainNumber(value);
  return operator === '-' ? -number : number;
}
