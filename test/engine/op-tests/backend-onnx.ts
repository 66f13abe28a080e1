import type { HostTensor, ProgramDType } from '../../../src/engine/engine.ts';
import { kernels } from '../../../src/engine/onnx/kernels/index.ts';
import { openOnnxSession } from '../../../src/engine/onnx/session.ts';
import {
  input,
  type Node,
  nodes,
  topologicalOrder,
  type Value,
} from '../../../src/engine/onnx/trace/graph.ts';
import { serialise } from '../../../src/engine/onnx/trace/model-proto.ts';
import { BACKEND, registerKernels, TraceBackend } from '../../../src/engine/onnx/trace/trace-backend.ts';
import * as tf from '../../../src/engine/tfjs.ts';

/**
 * The tracing backend of the onnx engine. Reading a tensor compiles the graph behind it and runs it with the data of
 * the test as inputs: as constants, onnxruntime would fold them before its optimiser has seen the graph.
 */
export const backend = BACKEND;

registerKernels(kernels);
tf.registerBackend(BACKEND, () => new TraceBackend(evaluate), 0);

async function evaluate(value: Value) {
  const { output, feeds } = constantsToInputs(value);
  const inputs = Object.entries(feeds).map(([name, { dtype, shape }]) => ({ name, dtype, dims: shape }));
  const { bytes } = serialise({ name: 'value', inputs, externals: [], outputs: { output } });
  const session = await openOnnxSession('value', bytes, { device: 'cpu', threads: 1 });
  try {
    return (await session.run(feeds)).output!.data;
  } finally {
    await session.release();
  }
}

/** The same graph with every constant tensor but shapes and axes (int64) as an input, and the data for these inputs. */
function constantsToInputs(value: Value) {
  const feeds: Record<string, HostTensor> = {};
  const replaced = new Map<Value, Value>();
  const moved = new Map<Node, readonly Value[]>();
  const replace = (old: Value | undefined): Value | undefined => {
    if (old === undefined || replaced.has(old)) return old && replaced.get(old);
    const { source, dtype, shape } = old;
    let made = old;
    if (source.kind === 'node') made = moved.get(source.node)![source.index]!;
    if (source.kind === 'constant' && dtype !== 'int64') {
      const name = `input_${replaced.size}`;
      feeds[name] = { data: source.data as HostTensor['data'], dtype: dtype as ProgramDType, shape };
      made = input(name, dtype, shape);
    }
    replaced.set(old, made);
    return made;
  };
  for (const node of topologicalOrder([value])) {
    const { op, domain, attributes, inputs, outputs } = node;
    moved.set(node, nodes(op, inputs.map(replace), outputs, { domain, attributes }));
  }
  return { output: replace(value)!, feeds };
}
