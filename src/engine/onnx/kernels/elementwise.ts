import { backend_util } from '../../tfjs.ts';
import {
  cast,
  expand,
  node,
  sameShape,
  scalar,
  uniform,
  type Value,
  type ValueType,
} from '../trace/graph.ts';
import type { TraceKernel } from '../trace/trace-backend.ts';

/** Makes a node whose output has the type and shape of its first input. */
const same = (op: string, ...inputs: Value[]): Value =>
  node(op, inputs, { dtype: inputs[0]!.dtype, shape: inputs[0]!.shape });

const unary =
  (op: string): TraceKernel =>
  ({ x }) =>
    same(op, x!);

/** Makes a kernel for an op that ONNX defines for floats only. tfjs too returns float32 from it. */
const floatUnary =
  (op: string): TraceKernel =>
  ({ x }) =>
    same(op, cast(x!, 'float32'));

const one = scalar(1, 'float32');

const isNan = (x: Value): Value => node('IsNaN', [x], { dtype: 'bool', shape: x.shape });
const isInf = (x: Value): Value => node('IsInf', [x], { dtype: 'bool', shape: x.shape });
const not = (x: Value): Value => node('Not', [x], { dtype: 'bool', shape: x.shape });

/**
 * Shrinks an operand of a binary op if the other operand already has the full shape. A uniform constant becomes a
 * scalar, and a broadcast is undone. ONNX then broadcasts the small operand itself.
 */
function operand(value: Value, other: Value, shape: readonly number[]): Value {
  if (!sameShape(other.shape, shape)) return value;
  const { source } = value;
  if (source.kind === 'uniform' && value.shape.length > 0) return scalar(source.value, value.dtype);
  if (source.kind === 'node' && source.node.op === 'Expand') return source.node.inputs[0]!;
  return value;
}

function broadcastNode(op: string, a: Value, b: Value, dtype: ValueType = a.dtype): Value {
  const shape = backend_util.assertAndGetBroadcastShape([...a.shape], [...b.shape]);
  const left = operand(a, b, shape);
  const right = operand(b, left, shape);
  return node(op, [left, right], { dtype, shape });
}

const binary =
  (op: string): TraceKernel =>
  ({ a, b }) =>
    broadcastNode(op, a!, b!);

const isUniform = (value: Value, number: number): boolean =>
  value.source.kind === 'uniform' && value.source.value === number;

/** Makes a binary kernel that skips the op when one operand is its identity. Gradients often multiply by ones. */
const withIdentity =
  (op: string, identity: number, commutes: boolean): TraceKernel =>
  ({ a, b }) => {
    const shape = backend_util.assertAndGetBroadcastShape([...a!.shape], [...b!.shape]);
    if (isUniform(b!, identity)) return expand(a!, shape);
    if (commutes && isUniform(a!, identity)) return expand(b!, shape);
    return broadcastNode(op, a!, b!);
  };

/** Makes a comparison. ONNX compares only numbers, so booleans are compared as integers. */
const comparison =
  (op: string): TraceKernel =>
  ({ a, b }) => {
    const [left, right] = a!.dtype === 'bool' ? [cast(a!, 'int32'), cast(b!, 'int32')] : [a!, b!];
    return broadcastNode(op, left, right, 'bool');
  };

const logical =
  (op: string): TraceKernel =>
  ({ a, b }) =>
    broadcastNode(op, a!, b!, 'bool');

/** Computes ⌊a/b⌋. Integers are divided as float32, which is exact below 2²⁴. */
const floorDiv: TraceKernel = ({ a, b }) => {
  const quotient = same('Floor', broadcastNode('Div', cast(a!, 'float32'), cast(b!, 'float32')));
  return cast(quotient, a!.dtype);
};

/** Computes the remainder with the divisor's sign, as tfjs does. */
const mod: TraceKernel = ({ a, b }) => {
  if (a!.dtype === 'int32') return broadcastNode('Mod', a!, b!);
  const quotient = same('Floor', broadcastNode('Div', a!, b!));
  return broadcastNode('Sub', a!, broadcastNode('Mul', quotient, b!));
};

/**
 * Computes log(1+x) without losing digits near 0 (Kahan): x · log(u)/(u−1), with u = 1+x after rounding. Where u is 1
 * or x is infinite, the result is x.
 */
const log1p: TraceKernel = ({ x }) => {
  const u = broadcastNode('Add', x!, one);
  const difference = broadcastNode('Sub', u, one);
  const safe = select(
    comparison('Equal')({ a: difference, b: scalar(0, 'float32') }, {}) as Value,
    one,
    difference,
  );
  const exact = broadcastNode('Div', broadcastNode('Mul', x!, same('Log', u)), safe);
  const tiny = comparison('Equal')({ a: difference, b: scalar(0, 'float32') }, {}) as Value;
  return select(broadcastNode('Or', tiny, isInf(x!), 'bool'), x!, exact);
};

const select = (condition: Value, t: Value, e: Value): Value => {
  let shape = backend_util.assertAndGetBroadcastShape([...t.shape], [...e.shape]);
  shape = backend_util.assertAndGetBroadcastShape([...condition.shape], shape);
  return node('Where', [condition, t, e], { dtype: t.dtype, shape });
};

/**
 * Selects elements by a condition. In tfjs a condition of rank 1 selects whole rows. ONNX's Where takes no bool data,
 * so booleans are selected as integers.
 */
const selectKernel: TraceKernel = ({ condition, t, e }) => {
  const rows = condition!.shape.length === 1 && t!.shape.length > 1;
  const aligned = rows
    ? node('Unsqueeze', [condition!, axes(t!.shape.length)], {
        dtype: 'bool',
        shape: [...condition!.shape, ...Array(t!.shape.length - 1).fill(1)],
      })
    : condition!;
  if (t!.dtype !== 'bool') return select(aligned, t!, e!);
  return cast(select(aligned, cast(t!, 'int32'), cast(e!, 'int32')), 'bool');
};

const axes = (rank: number): Value => ({
  dtype: 'int64',
  shape: [rank - 1],
  source: {
    kind: 'constant',
    data: BigInt64Array.from(Array.from({ length: rank - 1 }, (_, i) => BigInt(i + 1))),
  },
});

const step: TraceKernel = ({ x }, { alpha }) => {
  const positive = comparison('Greater')({ a: x!, b: scalar(0, x!.dtype) }, {}) as Value;
  const value = select(positive, scalar(1, x!.dtype), scalar((alpha as number | undefined) ?? 0, x!.dtype));
  return x!.dtype === 'float32' ? select(isNan(x!), x!, value) : value;
};

const clip: TraceKernel = ({ x }, { clipValueMin, clipValueMax }) =>
  same('Clip', x!, scalar(clipValueMin as number, x!.dtype), scalar(clipValueMax as number, x!.dtype));

/** Computes the sign. As in tfjs, the sign of NaN is 0. */
const sign: TraceKernel = ({ x }) =>
  x!.dtype === 'float32' ? select(isNan(x!), scalar(0, 'float32'), same('Sign', x!)) : same('Sign', x!);

const castKernel: TraceKernel = ({ x }, { dtype }) => {
  if (dtype === 'bool' && x!.dtype !== 'bool') {
    return node('Not', [comparison('Equal')({ a: x!, b: scalar(0, x!.dtype) }, {}) as Value], {
      dtype: 'bool',
      shape: x!.shape,
    });
  }
  return cast(x!, dtype as ValueType);
};

/** tfjs name → kernel, for ops that act on each element separately. */
export const elementwiseKernels: Readonly<Record<string, TraceKernel>> = {
  Abs: unary('Abs'),
  Neg: unary('Neg'),
  Exp: floatUnary('Exp'),
  Log: floatUnary('Log'),
  Log1p: ({ x }) => log1p({ x: cast(x!, 'float32') }, {}),
  Sqrt: floatUnary('Sqrt'),
  Rsqrt: ({ x }) => same('Reciprocal', same('Sqrt', cast(x!, 'float32'))),
  Reciprocal: floatUnary('Reciprocal'),
  Square: ({ x }) => same('Mul', x!, x!),
  Sigmoid: floatUnary('Sigmoid'),
  Tanh: floatUnary('Tanh'),
  Erf: floatUnary('Erf'),
  Sin: floatUnary('Sin'),
  Cos: floatUnary('Cos'),
  Relu: unary('Relu'),
  Softplus: floatUnary('Softplus'),
  Sign: sign,
  Floor: ({ x }) => (x!.dtype === 'float32' ? same('Floor', x!) : x!),
  Ceil: ({ x }) => (x!.dtype === 'float32' ? same('Ceil', x!) : x!),
  Round: ({ x }) => (x!.dtype === 'float32' ? same('Round', x!) : x!),
  Step: step,
  ClipByValue: clip,
  Cast: castKernel,
  Identity: ({ x }) => x!,
  IsNan: ({ x }) => isNan(cast(x!, 'float32')),
  IsInf: ({ x }) => isInf(cast(x!, 'float32')),
  IsFinite: ({ x }) => {
    const float = cast(x!, 'float32');
    return not(broadcastNode('Or', isNan(float), isInf(float), 'bool'));
  },
  LogicalNot: ({ x }) => not(x!),
  ZerosLike: ({ x }) => uniform(0, x!.dtype, x!.shape),
  OnesLike: ({ x }) => uniform(1, x!.dtype, x!.shape),
  Add: withIdentity('Add', 0, true),
  Sub: withIdentity('Sub', 0, false),
  Multiply: withIdentity('Mul', 1, true),
  RealDiv: withIdentity('Div', 1, false),
  FloorDiv: floorDiv,
  Mod: mod,
  Maximum: binary('Max'),
  Minimum: binary('Min'),
  Pow: binary('Pow'),
  SquaredDifference: ({ a, b }) => {
    const difference = broadcastNode('Sub', a!, b!);
    return same('Mul', difference, difference);
  },
  AddN: (inputs) => Object.values(inputs).reduce((sum, value) => broadcastNode('Add', sum, value)),
  Equal: comparison('Equal'),
  NotEqual: ({ a, b }) => not(comparison('Equal')({ a: a!, b: b! }, {}) as Value),
  Greater: comparison('Greater'),
  GreaterEqual: comparison('GreaterOrEqual'),
  Less: comparison('Less'),
  LessEqual: comparison('LessOrEqual'),
  LogicalAnd: logical('And'),
  LogicalOr: logical('Or'),
  LogicalXor: logical('Xor'),
  Select: selectKernel,
};
