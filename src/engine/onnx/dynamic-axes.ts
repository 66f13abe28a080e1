import { EngineError } from '../../errors.ts';
import { type ConstantData, int64s, type Node, topologicalOrder, type Value } from './graph.ts';

type Outputs = Readonly<Record<string, Value>>;

/**
 * Makes a traced graph independent of some input sizes. The program was traced once at base sizes and once more for
 * each dynamic size changed; the traces must be the same ops, and constants that differ between them must be shapes
 * that ONNX can take from the data instead (0 and −1 in Reshape, 1 in Expand). The base trace is changed in place.
 * @throws EngineError naming the op where a size got baked in.
 */
export function generalise(program: string, base: Outputs, others: readonly Outputs[]): void {
  const orders = [base, ...others].map((outputs) => topologicalOrder(Object.values(outputs)));
  const [order, ...rest] = orders as [Node[], ...Node[][]];
  if (rest.some((other) => other.length !== order.length)) fail(program, 'the ops themselves');
  for (const [i, node] of order.entries()) {
    const twins = rest.map((other) => other[i]!);
    if (twins.some((twin) => twin.op !== node.op || attributesOf(twin) !== attributesOf(node))) {
      fail(program, `op ${i}, ${node.op}`);
    }
    generaliseInputs(program, node, twins);
  }
}

const attributesOf = (node: Node): string => JSON.stringify(node.attributes);

const fail = (program: string, what: string): never => {
  throw new EngineError(`program "${program}": ${what} depends on the size of a dynamic axis`);
};

function generaliseInputs(program: string, node: Node, twins: readonly Node[]): void {
  const inputs = node.inputs as (Value | undefined)[];
  for (const [slot, value] of inputs.entries()) {
    if (value === undefined) continue;
    const all = [value, ...twins.map((twin) => twin.inputs[slot]!)];
    if (all.every((other) => sameConstant(value, other))) continue;
    const shapes = all.map(constantShape);
    const data = [node, ...twins].map((twin) => twin.inputs[0]!.shape);
    const general = shapes.every((shape) => shape !== undefined)
      ? generalShape(node.op, slot, shapes as number[][], data)
      : undefined;
    if (general === undefined) fail(program, `a constant of ${node.op}`);
    else inputs[slot] = int64s(general);
  }
}

function sameConstant(a: Value, b: Value): boolean {
  if (a.source.kind === 'uniform' && b.source.kind === 'uniform') {
    return Object.is(a.source.value, b.source.value) && String(a.shape) === String(b.shape);
  }
  if (a.source.kind !== 'constant' || b.source.kind !== 'constant') return a.source.kind === b.source.kind;
  return sameData(a.source.data, b.source.data);
}

const sameData = (a: ConstantData, b: ConstantData): boolean =>
  a.length === b.length && a.every((value: number | bigint, i: number) => Object.is(value, b[i]));

const constantShape = (value: Value): number[] | undefined =>
  value.source.kind === 'constant' && value.dtype === 'int64'
    ? Array.from(value.source.data, Number)
    : undefined;

/** The shape argument that holds for every trace, or undefined. */
function generalShape(
  op: string,
  slot: number,
  shapes: readonly (readonly number[])[],
  data: readonly (readonly number[])[],
): number[] | undefined {
  if (slot !== 1 || (op !== 'Reshape' && op !== 'Expand')) return undefined;
  const entries = shapes[0]!.map((dim, i) => {
    if (shapes.every((shape) => shape[i] === dim)) return dim;
    const offset = op === 'Expand' ? shapes[0]!.length - data[0]!.length : 0;
    if (shapes.every((shape, k) => shape[i] === data[k]![i - offset])) return op === 'Reshape' ? 0 : 1;
    return -1;
  });
  const unknown = entries.filter((entry) => entry === -1).length;
  return unknown > (op === 'Reshape' ? 1 : 0) ? undefined : entries;
}
