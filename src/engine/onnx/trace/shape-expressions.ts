import { polynomialText, polynomialThrough, type Sizes, type Term, termOf } from './axis-sizes.ts';
import { constant, int64s, node, type Value } from './graph.ts';

/** The dynamic axes of a program's inputs: the input, the axis, and its size as a product of symbols. */
export type SizeSource = readonly { readonly input: Value; readonly axis: number; readonly size: string }[];

/** Makes the nodes that compute shapes from the sizes of a program's inputs. Each is made once. */
export class ShapeExpressions {
  private readonly made = new Map<string, Value | undefined>();
  private readonly fitted = new Map<string, readonly Term[] | undefined>();
  private readonly traces: readonly Sizes[];
  private readonly sources: SizeSource;

  constructor(traces: readonly Sizes[], sources: SizeSource) {
    this.traces = traces;
    this.sources = sources;
  }

  /** Returns the shape that has these sizes in the traces, a vector; undefined when an entry is no polynomial. */
  of(shapes: readonly (readonly number[])[]): Value | undefined {
    return this.once(shapes.join('|'), () => {
      const columns = columnsOf(shapes);
      const entries = columns?.map((values) => this.entry(values));
      if (entries === undefined || entries.some((entry) => entry === undefined)) return undefined;
      if (entries.length === 1) return entries[0];
      const output = { dtype: 'int64', shape: [entries.length] } as const;
      return node('Concat', entries, output, { attributes: { axis: 0 } });
    });
  }

  /** The same as numbers and as texts of polynomials. */
  texts(shapes: readonly (readonly number[])[]): readonly (number | string)[] | undefined {
    const dims = columnsOf(shapes)?.map((values) => {
      if (values.every((value) => value === values[0])) return values[0]!;
      const terms = this.polynomial(values);
      return terms && polynomialText(terms);
    });
    return dims?.some((dim) => dim === undefined) ? undefined : (dims as (number | string)[] | undefined);
  }

  private polynomial(values: readonly number[]): readonly Term[] | undefined {
    const key = values.join();
    if (!this.fitted.has(key)) this.fitted.set(key, polynomialThrough(values, this.traces));
    return this.fitted.get(key);
  }

  /** Computes one entry, [1] int64. */
  private entry(values: readonly number[]): Value | undefined {
    if (values.every((value) => value === values[0])) return int64s([values[0]!]);
    const terms = this.polynomial(values);
    return (
      terms &&
      this.once(polynomialText(terms), () => terms.map((term) => this.term(term)).reduce(combined('Add')))
    );
  }

  private term({ factor, symbols }: Term): Value {
    const sizes = symbols.map((symbol) => this.size(symbol));
    if (factor === 1 && sizes.length > 0) return sizes.reduce(combined('Mul'));
    return sizes.reduce(combined('Mul'), int64s([factor]));
  }

  /** The size of a symbol: that of an axis, divided by the other factors of that axis' size. */
  private size(symbol: string): Value {
    return this.once(symbol, () => {
      const owners = this.sources.filter(({ size }) => termOf(size).symbols.includes(symbol));
      const { input, axis, size } = owners.sort((a, b) => a.size.length - b.size.length)[0]!;
      const { factor, symbols } = termOf(size);
      const others = symbols.filter((other) => other !== symbol).map((other) => this.size(other));
      const numbers = factor === 1 ? [] : [int64s([factor])];
      return [axisOf(input, axis), ...numbers, ...others].reduce(combined('Div'));
    })!;
  }

  private once(key: string, make: () => Value | undefined): Value | undefined {
    if (!this.made.has(key)) this.made.set(key, make());
    return this.made.get(key);
  }
}

/** The values of each entry in all traces; undefined where ranks differ. */
function columnsOf(shapes: readonly (readonly number[])[]): readonly number[][] | undefined {
  const rank = shapes[0]!.length;
  if (shapes.some((shape) => shape.length !== rank)) return undefined;
  return shapes[0]!.map((_, i) => shapes.map((shape) => shape[i]!));
}

const combined =
  (op: 'Add' | 'Mul' | 'Div') =>
  (a: Value, b: Value): Value =>
    node(op, [a, b], { dtype: 'int64', shape: [1] });

function axisOf(input: Value, axis: number): Value {
  const shape = node('Shape', [input], { dtype: 'int64', shape: [input.shape.length] });
  const index = constant(BigInt64Array.of(BigInt(axis)), 'int64', [1]);
  return node('Gather', [shape, index], { dtype: 'int64', shape: [1] }, { attributes: { axis: 0 } });
}
