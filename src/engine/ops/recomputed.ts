import * as tf from '../tfjs.ts';
import { after } from './after.ts';

/** Tensors in named places, some of which may be empty. */
export type TensorTree = tf.Tensor | null | { readonly [name: string]: TensorTree };

/** What a recomputed function reads. */
export interface RecomputedInputs<Held extends TensorTree> {
  readonly x: tf.Tensor;
  /** Tensors that need a gradient, besides x. The function must use each of them. */
  readonly trained: Readonly<Record<string, tf.Tensor>>;
  /** Tensors that need none: angles, masks. */
  readonly held: Held;
}

/**
 * Computes f(inputs). Only the inputs are kept for the gradient, which computes f again: what f computes inside takes no
 * memory between the two passes. https://arxiv.org/abs/1604.06174
 *
 * f is called twice with other tensors of the same values. It must read tensors from its argument, or tensors that live
 * as long as the program (a program's inputs); any other would be gone at the second call. The second run waits for the
 * incoming gradient, and the gradient of x waits for those of `trained`. So an engine that chooses its own order can't
 * have two such functions' insides in memory at once.
 * @example
 * const y = recomputed({ x, trained: { w }, held: null }, ({ x, trained }) => tf.tanh(tf.mul(x, trained.w!)));
 */
export function recomputed<Held extends TensorTree>(
  { x, trained, held }: RecomputedInputs<Held>,
  f: (inputs: RecomputedInputs<Held>) => tf.Tensor,
): tf.Tensor {
  const names = Object.keys(trained);
  const call = ([x, ...rest]: readonly tf.Tensor[]) => {
    const values = Object.fromEntries(names.map((name, i) => [name, rest[i]!]));
    return f({ x: x!, trained: values, held: replaced(held, rest.slice(names.length)) });
  };
  const op = tf.customGrad((...args) => {
    const save = args.pop() as unknown as tf.GradSaveFunc;
    const inputs = args as tf.Tensor[];
    save(inputs);
    const gradFunc = (dy: tf.Tensor, saved: tf.Tensor[]) =>
      gradientsOf(call, { dy, inputs: saved, wanted: names.length + 1 });
    return { value: call(inputs), gradFunc };
  });
  return op(x, ...Object.values(trained), ...tensorsIn(held));
}

/** The gradients of the first `wanted` inputs. For the others an empty tensor, which no gradient may be. */
function gradientsOf(
  call: (inputs: readonly tf.Tensor[]) => tf.Tensor,
  { dy, inputs, wanted }: { readonly dy: tf.Tensor; readonly inputs: tf.Tensor[]; readonly wanted: number },
): tf.Tensor[] {
  const [x, ...rest] = inputs as [tf.Tensor, ...tf.Tensor[]];
  const [others, held] = [rest.slice(0, wanted - 1), rest.slice(wanted - 1)];
  const again = (...given: tf.Tensor[]) => call([...given, ...held]);
  const [dx, ...gradients] = onOwnTape(() => tf.grads(again)([after(x, [dy]), ...others], dy));
  return [after(dx!, gradients), ...gradients, ...held.map(() => tf.zeros([0]))];
}

/** Runs a gradient computation inside another one's backward pass. tfjs has one tape, which the inner one would drop. */
function onOwnTape<T>(body: () => T): T {
  const { state } = tf.engine();
  const tape = state.activeTape;
  try {
    return body();
  } finally {
    state.activeTape = tape;
  }
}

function tensorsIn(tree: TensorTree): tf.Tensor[] {
  if (tree === null) return [];
  return tree instanceof tf.Tensor ? [tree] : Object.values(tree).flatMap(tensorsIn);
}

/** The tree with other tensors in its places, in the order of `tensorsIn`. */
function replaced<Tree extends TensorTree>(tree: Tree, tensors: readonly tf.Tensor[]): Tree {
  let next = 0;
  const visit = (part: TensorTree): TensorTree => {
    if (part === null) return null;
    if (part instanceof tf.Tensor) return tensors[next++]!;
    return Object.fromEntries(Object.entries(part).map(([name, child]) => [name, visit(child)]));
  };
  return visit(tree) as Tree;
}
