import { cast, int64s, node, reshape, scalar, type Value } from '../trace/graph.ts';

// onnxruntime orders the nodes of a graph itself: a node may run as soon as its inputs are there. What reads only
// weights may run first of all, and then lies in memory until it is used. A zero that is computed from other values
// makes a node wait for them.

const zeros = new WeakMap<Value, Value>();

/** An int64 zero that is computed from a value, [1]. Calls with the same value return the same zero. */
export function zeroFrom(value: Value): Value {
  const known = zeros.get(value);
  if (known !== undefined) return known;
  const product = [cast(firstElement(value), 'int64'), int64s([0])];
  const made = node('Mul', product, { dtype: 'int64', shape: [1] });
  zeros.set(value, made);
  return made;
}

/**
 * A float32 zero that is computed from an element of each value, [1]. It is an integer zero at first, so it is 0
 * whatever they are, and x − 0 has the bits of x. onnxruntime finds nothing here to fold.
 */
export function zeroOf(values: readonly Value[]): Value {
  const shape = [values.length];
  const all = node(
    'Concat',
    values.map(firstElement),
    { dtype: 'float32', shape },
    { attributes: { axis: 0 } },
  );
  const none = node('Mul', [cast(all, 'int32'), scalar(0, 'int32')], { dtype: 'int32', shape });
  return cast(node('ReduceSum', [none, int64s([0])], { dtype: 'int32', shape: [1] }), 'float32');
}

/** The first element of a tensor, [1]. */
function firstElement(x: Value): Value {
  if (x.shape.length === 0) return reshape(x, [1]);
  const axes = x.shape.map((_, axis) => axis);
  const shape = axes.map(() => 1);
  const inputs = [x, int64s(axes.map(() => 0)), int64s(shape), int64s(axes)];
  return reshape(node('Slice', inputs, { dtype: x.dtype, shape }), [1]);
}
