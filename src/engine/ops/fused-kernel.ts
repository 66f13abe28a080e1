import * as tf from '../tfjs.ts';

/**
 * A fused op: a function of tensors that a backend may compute with a single kernel. Each op also has a composite form
 * made of tfjs ops, which all other backends use, and a hand-written gradient. To provide a kernel, a backend registers
 * one under the op's name (`tf.registerKernel`) before the op is first used on it. The ops are:
 *
 * | kernel | inputs | attributes | outputs |
 * | --- | --- | --- | --- |
 * | RmsNorm | x [N,D], weight [D] | epsilon | y [N,D], inverseStd [N,1] |
 * | Rotary | x [N,H·d], cos [N,d/2], sin [N,d/2] | headDim, inverse | [N,H·d] |
 * | SwiGlu | gate [N,F], up [N,F] | | [N,F] |
 * | Attention | q [P,K,G·T·J,d], k, v [P,K,G·T,d], mask [T·J,T] or [P,1,T·J,T] | scale, groupSize | [P,K,G·T·J,d] |
 * | PrefixAttention | the same; prefixK, prefixV [P,K,S,d], prefixMask [P,1,1,S] | the same | the same, logSumExp [P,K,G·T·J,1] |
 * | TakeRows | table [V,D], rows int32 [N] | | [N,D] |
 * | LogprobHead | hidden [N,D], weight [V,D], targets int32 [N], temperature [] | chunk, entropyGradient, weightGradient | logprobs, entropy, logSumExp [N], expected, surprise [N,D] |
 * | QuantisedLogprobHead | hidden, codes, scales, targets, temperature | chunk, entropyGradient, format | the same |
 * | QuantisedLinear | x [N,D], codes, scales: `quantised-weight.ts` | format | [N,F] |
 * | QuantisedProduct | y [N,F], codes, scales | format | [N,D] |
 * | QuantisedRows | codes, scales, rows int32 [N] | format | [N,D] |
 * | AnnealedActivation | x, beta [] | activation | shape of x |
 *
 * Gradients consist of tfjs ops and of these kernels, so they are the same on every backend.
 */
export interface FusedOp<Inputs extends Tensors, Attributes extends tf.NamedAttrMap> {
  readonly kernelName: string;
  /** Names of the inputs. All are saved for the gradient. */
  readonly inputs: readonly (keyof Inputs & string)[];
  /** For each output, whether the gradient reads it. */
  readonly savedOutputs?: readonly boolean[];
  /** Computes the outputs with tfjs ops. */
  readonly composite: (inputs: Inputs, attributes: Attributes) => tf.Tensor[];
  /**
   * Returns a function for the gradient of each input. `dys` are the gradients of the outputs, zeros for an unused one.
   * A function is called only if the gradient of its input is needed. Compute what two of them share before, in a
   * `tf.tidy`.
   */
  readonly gradient: (saved: Saved<Inputs, Attributes>) => { readonly [K in keyof Inputs]?: () => tf.Tensor };
}

/** The arguments of a gradient. */
export interface Saved<Inputs, Attributes> {
  readonly dys: readonly tf.Tensor[];
  readonly inputs: Inputs;
  /** The outputs marked in `savedOutputs`, in order. */
  readonly outputs: readonly tf.Tensor[];
  readonly attributes: Attributes;
}

type Tensors = Readonly<Record<string, tf.Tensor>>;

/** Calls a fused op and returns its outputs, in order. */
export type FusedKernel<Inputs, Attributes> = (inputs: Inputs, attributes: Attributes) => tf.Tensor[];

/** Makes a fused op callable. Registers its gradient, and its composite form on backends without a kernel for it. */
export function fusedOp<Inputs extends Tensors, Attributes extends tf.NamedAttrMap>(
  op: FusedOp<Inputs, Attributes>,
): FusedKernel<Inputs, Attributes> {
  registerGradient(op);
  return (inputs, attributes) => {
    const backendName = tf.getBackend();
    if (tf.getKernel(op.kernelName, backendName) === undefined) registerComposite(op, backendName);
    const outputs = tf.engine().runKernel(op.kernelName, { ...inputs }, attributes) as
      | tf.Tensor
      | tf.Tensor[];
    const made = Array.isArray(outputs) ? outputs : [outputs];
    fillUnused(made);
    return made;
  };
}

/**
 * Where nothing used an output, tfjs passes the gradient an array of zeros of that size, which may be gigabytes while a
 * program is traced. Fills them with a kernel instead, which costs a traced program nothing.
 */
function fillUnused(outputs: readonly tf.Tensor[]): void {
  const node = tf.engine().state.activeTape?.at(-1);
  const gradient = node?.gradient;
  if (outputs.length < 2 || node === undefined || node.outputs[0] !== outputs[0] || !gradient) return;
  const zeros = ({ shape, dtype }: tf.Tensor) => tf.fill(shape, 0, dtype);
  node.gradient = (dys) => gradient(outputs.map((output, i) => dys[i] ?? zeros(output)));
}

function registerGradient<Inputs extends Tensors, Attributes extends tf.NamedAttrMap>(
  op: FusedOp<Inputs, Attributes>,
): void {
  tf.registerGradient({
    kernelName: op.kernelName,
    inputsToSave: [...op.inputs],
    outputsToSave: [...(op.savedOutputs ?? [])],
    gradFunc: (dy, saved, attrs) => {
      const inputs = Object.fromEntries(op.inputs.map((name, i) => [name, saved[i]])) as unknown as Inputs;
      const outputs = saved.slice(op.inputs.length);
      const dys = Array.isArray(dy) ? dy : [dy];
      return op.gradient({ dys, inputs, outputs, attributes: attrs as Attributes }) as Record<
        string,
        () => tf.Tensor
      >;
    },
  });
}

function registerComposite<Inputs extends Tensors, Attributes extends tf.NamedAttrMap>(
  op: FusedOp<Inputs, Attributes>,
  backendName: string,
): void {
  tf.registerKernel({
    kernelName: op.kernelName,
    backendName,
    // tfjs declares a narrower type for a kernel's inputs, but `runKernel` passes the tensors themselves.
    kernelFunc: ({ inputs, attrs }) =>
      tf.tidy(() => op.composite(inputs as unknown as Inputs, attrs as Attributes)),
  });
}
