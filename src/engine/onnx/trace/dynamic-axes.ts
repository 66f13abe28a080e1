import { EngineError } from '../../../errors.ts';
import {
  type ConstantData,
  constant,
  int64s,
  type Node,
  node,
  scalar,
  topologicalOrder,
  type Value,
} from './graph.ts';

type Outputs = Readonly<Record<string, Value>>;
/** Size of each dynamic axis, by symbol. */
type Sizes = Readonly<Record<string, number>>;

/** One trace of a program, with the sizes at which it was traced. */
export interface SizedTrace {
  readonly outputs: Outputs;
  readonly sizes: Sizes;
}

/** For each symbol, an input and the axis of it that has this size when the program runs. */
export type SizeSource = Readonly<Record<string, { readonly input: Value; readonly axis: number }>>;

/**
 * Makes a traced graph independent of some input sizes. It changes the base trace in place.
 *
 * `base` is a trace at base sizes. `others` has one trace for each dynamic size, with that size changed. All traces
 * must have the same ops. A constant that differs between them must be a shape, and each of its entries must be a
 * constant factor times a product of dynamic sizes. The graph then computes this shape from its inputs.
 * @throws EngineError naming the op that depends on a size in any other way.
 */
export function generalise(
  program: string,
  base: SizedTrace,
  others: readonly SizedTrace[],
  sources: SizeSource,
): void {
  const traces = [base, ...others];
  const orders = traces.map(({ outputs }) => topologicalOrder(Object.values(outputs)));
  const [order, ...rest] = orders as [Node[], ...Node[][]];
  if (rest.some((other) => other.length !== order.length)) throw bakedIn(program, 'the ops themselves');
  const shapes = new ShapeExpressions(traces, sources);
  for (const [i, node] of order.entries()) {
    const twins = rest.map((other) => other[i]!);
    if (twins.some((twin) => twin.op !== node.op || attributesOf(twin) !== attributesOf(node))) {
      throw bakedIn(program, `op ${i}, ${node.op},`);
    }
    const inputs = node.inputs as (Value | undefined)[];
    for (const [slot, value] of inputs.entries()) {
      if (value === undefined) continue;
      const all = [value, ...twins.map((twin) => twin.inputs[slot]!)];
      if (all.every((other) => sameConstant(value, other))) continue;
      const general = generalConstant(all, shapes);
      if (general === undefined) throw bakedIn(program, `a constant of ${node.op}`);
      inputs[slot] = general;
    }
  }
}

const attributesOf = (node: Node): string => JSON.stringify(node.attributes);

const bakedIn = (program: string, what: string): EngineError =>
  new EngineError(`program "${program}": ${what} depends on the size of a dynamic axis`);

function sameConstant(a: Value, b: Value): boolean {
  if (a.source.kind === 'uniform' && b.source.kind === 'uniform') {
    return Object.is(a.source.value, b.source.value) && String(a.shape) === String(b.shape);
  }
  if (a.source.kind !== 'constant' || b.source.kind !== 'constant') return a.source.kind === b.source.kind;
  return sameData(a.source.data, b.source.data);
}

const sameData = (a: ConstantData, b: ConstantData): boolean =>
  a.length === b.length && a.every((value: number | bigint, i: number) => Object.is(value, b[i]));

/**
 * Returns a value that replaces constants that differ between the traces: a computed shape, or one number expanded to a
 * computed shape. Returns undefined when there is none.
 */
function generalConstant(values: readonly Value[], shapes: ShapeExpressions): Value | undefined {
  const [{ dtype, shape, source }] = values as [Value];
  if (source.kind === 'uniform') {
    if (values.some((value) => value.source.kind !== 'uniform' || value.source.value !== source.value))
      return undefined;
    const dims = shapes.of(values.map((value) => value.shape));
    return dims && node('Expand', [scalar(source.value, dtype), dims], { dtype, shape });
  }
  const data = values.map((value) => (value.source.kind === 'constant' ? value.source.data : undefined));
  if (dtype !== 'int64' || data.some((d) => d === undefined)) return undefined;
  return shapes.of(data.map((d) => Array.from(d!, Number)));
}

/** Makes the nodes that compute a shape from the sizes of the inputs. Each shape is made once. */
class ShapeExpressions {
  private readonly made = new Map<string, Value | undefined>();
  private readonly traces: readonly SizedTrace[];
  private readonly sources: SizeSource;

  constructor(traces: readonly SizedTrace[], sources: SizeSource) {
    this.traces = traces;
    this.sources = sources;
  }

  /** Returns the shape that has these sizes in the traces; undefined when an entry is no multiple of dynamic sizes. */
  of(shapes: readonly (readonly number[])[]): Value | undefined {
    const key = shapes.join('|');
    if (!this.made.has(key)) this.made.set(key, this.make(shapes));
    return this.made.get(key);
  }

  private make(shapes: readonly (readonly number[])[]): Value | undefined {
    const rank = shapes[0]!.length;
    if (shapes.some((shape) => shape.length !== rank)) return undefined;
    const entries = shapes[0]!.map((_, i) => this.entry(shapes.map((shape) => shape[i]!)));
    if (entries.some((entry) => entry === undefined)) return undefined;
    if (rank === 1) return entries[0];
    return node('Concat', entries, { dtype: 'int64', shape: [rank] }, { attributes: { axis: 0 } });
  }

  /** Computes one entry, [1] int64: a factor times the dynamic sizes that it changes with. */
  private entry(values: readonly number[]): Value | undefined {
    const [base, ...others] = this.traces as [SizedTrace, ...SizedTrace[]];
    const involved = others.flatMap(({ sizes }, k) =>
      values[k + 1] === values[0]
        ? []
        : Object.keys(sizes).filter((symbol) => sizes[symbol] !== base.sizes[symbol]),
    );
    const product = (sizes: Sizes) => involved.reduce((all, symbol) => all * sizes[symbol]!, 1);
    const factor = values[0]! / product(base.sizes);
    if (this.traces.some(({ sizes }, k) => values[k] !== factor * product(sizes))) return undefined;
    if (!Number.isInteger(factor)) return undefined;
    return involved.reduce((all, symbol) => multiply(all, this.size(symbol)), int64s([factor]));
  }

  private size(symbol: string): Value {
    const { input, axis } = this.sources[symbol]!;
    const shape = node('Shape', [input], { dtype: 'int64', shape: [input.shape.length] });
    const index = constant(BigInt64Array.of(BigInt(axis)), 'int64', [1]);
    return node('Gather', [shape, index], { dtype: 'int64', shape: [1] }, { attributes: { axis: 0 } });
  }
}

const multiply = (a: Value, b: Value): Value => node('Mul', [a, b], { dtype: 'int64', shape: [1] });
