import { call, type Expr, isCall, num, parts, sym, withParts } from '../algebra/expression.ts';
import type { Cursor } from './cursor.ts';
import type { Token } from './latex-tokens.ts';
import { parseScripts, parseSubscriptExpression } from './parse-scripts.ts';

/** Functions of one argument, by LaTeX or operator name. */
const unary: Readonly<Record<string, string>> = {
  sin: 'Sin',
  cos: 'Cos',
  tan: 'Tan',
  csc: 'Csc',
  sec: 'Sec',
  cot: 'Cot',
  arcsin: 'Arcsin',
  arccos: 'Arccos',
  arctan: 'Arctan',
  arccsc: 'Arccsc',
  arcsec: 'Arcsec',
  arccot: 'Arccot',
  sinh: 'Sinh',
  cosh: 'Cosh',
  tanh: 'Tanh',
  coth: 'Coth',
  arsinh: 'Arsinh',
  arcosh: 'Arcosh',
  artanh: 'Artanh',
  arcsinh: 'Arsinh',
  arccosh: 'Arcosh',
  arctanh: 'Artanh',
  asin: 'Arcsin',
  acos: 'Arccos',
  atan: 'Arctan',
  exp: 'Exp',
  floor: 'Floor',
  ceil: 'Ceil',
  det: 'Det',
  tr: 'Trace',
  trace: 'Trace',
  arg: 'Arg',
  sgn: 'Sign',
  sign: 'Sign',
  abs: 'Abs',
};
const inverse: Readonly<Record<string, string>> = {
  Sin: 'Arcsin',
  Cos: 'Arccos',
  Tan: 'Arctan',
  Csc: 'Arccsc',
  Sec: 'Arcsec',
  Cot: 'Arccot',
  Sinh: 'Arsinh',
  Cosh: 'Arcosh',
  Tanh: 'Artanh',
};
const several: Readonly<Record<string, string>> = { gcd: 'Gcd', lcm: 'Lcm', max: 'Max', min: 'Min' };

const big = new Set(['log', 'ln', 'lg', 'sum', 'prod', 'lim', 'int']);

/** True for names that take an argument: 'sin', 'gcd', 'sum'. */
export function isFunctionName(name: string): boolean {
  return big.has(name) || Object.hasOwn(unary, name) || Object.hasOwn(several, name);
}

/**
 * Reads what follows a function's name.
 * @throws Error when the name is no function, or its argument is missing.
 */
export function parseFunction(c: Cursor, name: string): Expr {
  if (unary[name] !== undefined) return parseUnaryFunction(c, unary[name]);
  if (name === 'log' || name === 'ln' || name === 'lg') return parseLogarithm(c, name);
  if (several[name] !== undefined) return call(several[name], ...bracketed(c));
  if (name === 'sum' || name === 'prod') return parseSum(c, name === 'sum' ? 'Sum' : 'Product');
  if (name === 'lim') return parseLimit(c);
  if (name === 'int') return parseIntegral(c);
  throw new Error(`${name} is no function`);
}

function parseUnaryFunction(c: Cursor, head: string): Expr {
  const { above } = parseScripts(c);
  const minusOne = above?.kind === 'num' && above.value.n === -1n && above.value.d === 1n;
  if (minusOne && inverse[head] !== undefined) return call(inverse[head], functionArgument(c));
  const argument = functionArgument(c);
  const applied = call(head, head in inverse ? inRadians(argument) : argument);
  return above === undefined ? applied : call('Pow', applied, above);
}

/** Degrees mean something inside a trigonometric function; elsewhere they only name the unit. */
function inRadians(expr: Expr): Expr {
  const inner = withParts(expr, parts(expr).map(inRadians));
  return isCall(inner, 'Degree') ? call('Div', call('Mul', inner.args[0]!, sym('pi')), num(180)) : inner;
}

function parseLogarithm(c: Cursor, name: string): Expr {
  const { above, below } = parseScripts(c);
  // As in latex2sympy2, \log without a base is base 10.
  const base = below ?? (name === 'ln' ? sym('e') : num(10));
  const applied =
    c.is('end') && below?.kind === 'num'
      ? splitLogarithm(below.value.n)
      : call('Log', functionArgument(c), base);
  return above === undefined ? applied : call('Pow', applied, above);
}

/** \log_28 is the logarithm of 8 to base 2. */
function splitLogarithm(n: bigint): Expr {
  const digits = String(n);
  if (digits.length < 2) throw new Error('logarithm of nothing');
  return call('Log', num(BigInt(digits.slice(1))), num(BigInt(digits[0]!)));
}

/** (…) where a bracket follows; else the product up to the next function: \sin 2x \cos y. */
function functionArgument(c: Cursor): Expr {
  if (c.is('mark', '(')) {
    c.next();
    const inner = c.within({ bars: 0, noFunctions: false }, () => c.rules.expression(c));
    c.expect(')');
    return inner;
  }
  return c.within({ noFunctions: true }, () => c.rules.term(c));
}

function bracketed(c: Cursor): readonly Expr[] {
  const close = c.take('(') ? ')' : c.take('\\{') ? '\\}' : undefined;
  if (close === undefined) throw new Error('arguments missing');
  const { items } = c.within({ bars: 0, noFunctions: false }, () => c.rules.elements(c));
  c.expect(close);
  return items;
}

function parseSum(c: Cursor, head: string): Expr {
  const { below, above } = parseScripts(c, parseSubscriptExpression);
  if (
    below?.kind !== 'relation' ||
    below.ops[0] !== '=' ||
    below.args[0]?.kind !== 'sym' ||
    above === undefined
  ) {
    throw new Error('a sum needs k=a below and b above');
  }
  return call(head, c.rules.term(c), below.args[0], below.args[1]!, above);
}

function parseLimit(c: Cursor): Expr {
  c.expect('_');
  c.expect('{');
  const variable = c.rules.expression(c);
  if (variable.kind !== 'sym' || !(c.take('\\to') || c.take('\\rightarrow') || c.take('\\longrightarrow'))) {
    throw new Error('a limit needs x \\to a');
  }
  const target = c.rules.expression(c);
  let side = num(0);
  if (c.take('^')) {
    c.expect('{');
    side = c.take('+') ? num(1) : num(-1);
    if (side.value.n < 0n) c.expect('-');
    c.expect('}');
  }
  c.expect('}');
  return call('Limit', c.rules.term(c), variable, target, side);
}

function parseIntegral(c: Cursor): Expr {
  const { below, above } = parseScripts(c);
  const integrand = c.within({ differentials: true }, () => c.rules.expression(c));
  if (!c.is('letter', 'd')) throw new Error('an integral needs dx');
  c.next();
  const variable = c.within({ differentials: false }, () => sym(c.next().text));
  return below === undefined || above === undefined
    ? call('Integral', integrand, variable)
    : call('Integral', integrand, variable, below, above);
}

const isDifferential = (token: Token) => /^(?:d|partial)$/.test(token.text);

/** True before {d}{dx}: then \frac is an operator on what follows. */
export function isDerivative(c: Cursor): boolean {
  const marks = ['{', '', '}', '{', '', '', '}'];
  return (
    marks.every((mark, i) => mark === '' || c.peek(i).text === mark) &&
    isDifferential(c.peek(1)) &&
    isDifferential(c.peek(4))
  );
}

/** The rest of \frac{d}{dx} f, after \frac. */
export function parseDerivative(c: Cursor): Expr {
  for (let i = 0; i < 5; i++) c.next();
  const variable = sym(c.next().text);
  c.expect('}');
  return call('Derivative', c.rules.term(c), variable);
}
