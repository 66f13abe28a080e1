/**
 * Values of the template language, which are Python's: str is string, int is bigint, float is number, list is an array,
 * dict is a Map. The others have classes here. Nothing changes a value but a namespace.
 */
export type Value =
  | string
  | bigint
  | number
  | boolean
  | null
  | readonly Value[]
  | Dict
  | Undefined
  | Marked
  | Tuple
  | Range
  | View
  | Stream
  | Namespace
  | Loop
  | Func;

/** Keys are texts, whole numbers or None. */
export type Dict = ReadonlyMap<Value, Value>;

/** What a name or field without a value is. Most uses of it fail, as in Jinja. */
export class Undefined {
  readonly what: string;
  constructor(what: string) {
    this.what = what;
  }
}

/** Text that `safe` marked. It is written as it is; other uses of it are refused. */
export class Marked {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

export class Tuple {
  readonly items: readonly Value[];
  /** Fields by name, of the pairs that `groupby` gives. */
  readonly names: readonly string[];
  constructor(items: readonly Value[], names: readonly string[] = []) {
    this.items = items;
    this.names = names;
  }
}

/** What `range` gives. */
export class Range {
  readonly items: readonly bigint[];
  readonly bounds: readonly [bigint, bigint, bigint];
  constructor(start: bigint, stop: bigint, step: bigint) {
    const count = step > 0n ? (stop - start + step - 1n) / step : (start - stop - step - 1n) / -step;
    if (count > 100_000n) throw new TemplateError('a range has more than 100000 items');
    this.bounds = [start, stop, step];
    this.items = Array.from({ length: Math.max(0, Number(count)) }, (_, i) => start + BigInt(i) * step);
  }
}

/** What `items()`, `keys()` and `values()` of a dict give. */
export class View {
  readonly kind: 'dict_items' | 'dict_keys' | 'dict_values';
  readonly dict: Dict;
  constructor(kind: View['kind'], dict: Dict) {
    this.kind = kind;
    this.dict = dict;
  }

  get items(): Value[] {
    if (this.kind === 'dict_keys') return [...this.dict.keys()];
    if (this.kind === 'dict_values') return [...this.dict.values()];
    return [...this.dict].map((pair) => new Tuple(pair));
  }
}

/** What filters such as `map` give: items that come once, whose number nobody knows. */
export class Stream {
  readonly items: Iterator<Value>;
  constructor(items: Iterable<Value>) {
    this.items = items[Symbol.iterator]();
  }
}

export class Namespace {
  readonly fields: Map<string, Value>;
  constructor(fields: Map<string, Value>) {
    this.fields = fields;
  }
}

/** The `loop` of a for-loop, with its fields as they are in this iteration. */
export class Loop {
  readonly field: (name: string) => Value | undefined;
  /** Renders the body of a recursive loop for other items. */
  readonly again: (args: readonly Value[]) => Value;
  readonly length: number;
  constructor(field: Loop['field'], again: Loop['again'], length: number) {
    this.field = field;
    this.again = again;
    this.length = length;
  }
}

export type Named = ReadonlyMap<string, Value>;

/** A function, method or macro. */
export class Func {
  readonly name: string;
  readonly call: (args: readonly Value[], named: Named) => Value;
  /** How it is written; undefined for what Python writes with an address. */
  readonly text: string | undefined;
  constructor(name: string, call: Func['call'], text?: string) {
    this.name = name;
    this.call = call;
    this.text = text;
  }
}

/** What a template that fails throws. */
export class TemplateError extends Error {}

/** Thrown for what Jinja has and this renderer lacks: better no prompt than another one. */
export class Unsupported extends TemplateError {
  constructor(what: string) {
    super(`it uses ${what}, which can't be rendered here`);
  }
}

export const isList = (value: Value): value is readonly Value[] => Array.isArray(value);
export const isDict = (value: Value): value is Dict => value instanceof Map;

/** The name of a value's type in Python. */
export function typeName(value: Value): string {
  if (value === null) return 'NoneType';
  if (isList(value)) return 'list';
  if (isDict(value)) return 'dict';
  if (value instanceof View) return value.kind;
  const simple = { string: 'str', bigint: 'int', number: 'float', boolean: 'bool' } as const;
  if (typeof value !== 'object') return simple[typeof value as keyof typeof simple];
  return value.constructor.name.toLowerCase();
}

/** A value of JavaScript, plain data, as one of the template's. A whole number is an int. */
export function toValue(value: unknown): Value {
  if (value === undefined) return new Undefined('a value');
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return value;
  if (typeof value === 'bigint') return value;
  if (typeof value === 'number') return Number.isInteger(value) ? BigInt(value) : value;
  if (Array.isArray(value)) return value.map(toValue);
  if (typeof value === 'object') {
    const entries = Object.entries(value).filter(([, inner]) => inner !== undefined);
    return new Map(entries.map(([key, inner]) => [key, toValue(inner)]));
  }
  throw new TemplateError(`a template can't be given a ${typeof value}`);
}
