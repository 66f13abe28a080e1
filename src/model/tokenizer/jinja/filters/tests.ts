import { bind } from '../values/arguments.ts';
import { arithmetic } from '../values/arithmetic.ts';
import { contains, equal, isNumeric, order } from '../values/compare.ts';
import { isIterable, isSequence } from '../values/items.ts';
import { isLower, isUpper } from '../values/letters.ts';
import { str } from '../values/show.ts';
import {
  Func,
  isDict,
  Loop,
  Marked,
  type Named,
  Undefined,
  Unsupported,
  type Value,
} from '../values/values.ts';

export type Test = (value: Value, args: readonly Value[], named: Named) => boolean;

const alone =
  (name: string, holds: (value: Value) => boolean): Test =>
  (value, args, named) => {
    bind(name, [], args, named);
    return holds(value);
  };

const withOther =
  (name: string, holds: (value: Value, other: Value) => boolean): Test =>
  (value, args, named) => {
    const [other] = bind(name, ['other'], args, named);
    if (other === undefined) throw new Unsupported(`the test "${name}" without an argument`);
    return holds(value, other);
  };

const rest = (value: Value, by: Value) => arithmetic('%', value, by);
const same = (value: Value, other: Value): boolean => {
  if ([value, other].some((one) => one === null || typeof one === 'boolean')) return value === other;
  throw new Unsupported('the test "sameas" of anything but none and booleans');
};

const comparisons: readonly (readonly [readonly string[], (value: Value, other: Value) => boolean])[] = [
  [['==', 'eq', 'equalto'], equal],
  [['!=', 'ne'], (value, other) => !equal(value, other)],
  [['>', 'gt', 'greaterthan'], (value, other) => order(value, other) > 0],
  [['>=', 'ge'], (value, other) => order(value, other) >= 0],
  [['<', 'lt', 'lessthan'], (value, other) => order(value, other) < 0],
  [['<=', 'le'], (value, other) => order(value, other) <= 0],
  [['in'], (value, other) => contains(other, value)],
  [['divisibleby'], (value, other) => equal(rest(value, other), 0n)],
  [['sameas'], same],
];

const properties: Readonly<Record<string, (value: Value) => boolean>> = {
  defined: (value) => !(value instanceof Undefined),
  undefined: (value) => value instanceof Undefined,
  none: (value) => value === null,
  boolean: (value) => typeof value === 'boolean',
  true: (value) => value === true,
  false: (value) => value === false,
  integer: (value) => typeof value === 'bigint',
  float: (value) => typeof value === 'number',
  number: isNumeric,
  string: (value) => typeof value === 'string' || value instanceof Marked,
  escaped: (value) => value instanceof Marked,
  mapping: isDict,
  sequence: (value) =>
    isSequence(value) || isDict(value) || value instanceof Undefined || value instanceof Marked,
  iterable: isIterable,
  callable: (value) => value instanceof Func || value instanceof Undefined || value instanceof Loop,
  lower: (value) => isLower(str(value)),
  upper: (value) => isUpper(str(value)),
  odd: (value) => equal(rest(value, 2n), 1n),
  even: (value) => equal(rest(value, 2n), 0n),
};

export const tests: ReadonlyMap<string, Test> = new Map<string, Test>([
  ...Object.entries(properties).map(([name, holds]) => [name, alone(name, holds)] as const),
  ...comparisons.flatMap(([names, holds]) => names.map((name) => [name, withOther(name, holds)] as const)),
]);
