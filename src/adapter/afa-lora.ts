import type { Named } from '../engine/engine.ts';
import { linear } from '../engine/ops/linear.ts';
import * as tf from '../engine/tfjs.ts';
import { EngineError } from '../errors.ts';
import { type LinearMap, parameter } from '../model/decoder.ts';
import { type AdapterSpec, scalingOf } from './adapter-spec.ts';
import { adapterNames } from './adapter-tensors.ts';
import { annealedActivation } from './annealed-activation.ts';
import { normName } from './dora.ts';

// AFA-LoRA: "Enabling Non-Linear Adaptations in LoRA with Activation Function Annealing", arXiv 2512.22455.
//
//   φ(x; β) = β·σ(x) + (1−β)·x                      σ ∈ relu, gelu, gelu-tanh, silu; β falls from 1 to 0 while training
//   h = W0·x + scaling·D(x)                         W0 [out, in] frozen, A [R, in], B [out, R] trained; h [N, out]
//
//   A-s-B      D = B·φ(A·x)                         the paper's choice
//   s-A-B      D = B·A·φ(x)
//   s-A-B-s    D = φ(B·A·φ(x))
//   s-A-s-B    D = B·φ(A·φ(x))
//   s-A-s-B-s  D = φ(B·φ(A·φ(x)))
//
// At β = 0 every φ is the identity and the adapter is plain LoRA: it merges, W' = W0 + scaling·B·A.

/** Name of the program input that holds β of each layer, [L]. It must be an input because β moves at every step. */
export const BETA = 'adapter.beta';

/**
 * Wraps the base model's linear layers with an adapter. The program's inputs are the base's and `adapterInputs`. With
 * DoRA: h = bias + (m/‖V‖)·(W0·x + scaling·D(x)).
 * @param steady gives a row of x the same bits whatever the number of rows, if that is 2 or more: see `inSlices`.
 */
export function adaptedLinear(
  spec: AdapterSpec,
  base: LinearMap,
  inputs: Named<tf.Tensor>,
  { steady = false }: { readonly steady?: boolean } = {},
): LinearMap {
  const betas = spec.anneals ? tf.unstack(parameter(inputs, BETA)) : undefined;
  return (module, x) => {
    const h = base(module, x);
    const adapted = spec.modules[module];
    if (adapted === undefined) return h;
    const names = adapterNames(module);
    const a = parameter(inputs, names.a) as tf.Tensor2D;
    const b = parameter(inputs, names.b) as tf.Tensor2D;
    const bias = spec.loraBias ? (parameter(inputs, names.bias) as tf.Tensor1D) : undefined;
    const { placement, activation } = spec;
    const path = adapterPath(
      x,
      { a, b, bias, beta: betas && betaOf(betas, module) },
      { placement, activation, scaling: scalingOf(adapted, spec.rsLora), steady },
    );
    const sum = tf.add(h, path) as tf.Tensor2D;
    if (!spec.dora) return sum;
    const factor = tf.div(parameter(inputs, names.magnitude), parameter(inputs, normName(module)));
    const own = inputs[`${module}.bias`];
    return own === undefined ? tf.mul(sum, factor) : tf.add(tf.mul(tf.sub(sum, own), factor), own);
  };
}

/**
 * Computes scaling·D(x): x [N, in], a [R, in], b [out, R], beta a scalar → [N, out]. Without beta φ is the identity.
 * With a bias [out] of B: scaling·(B·A·x + bias), for linear adapters.
 */
export function adapterPath(
  x: tf.Tensor2D,
  {
    a,
    b,
    bias,
    beta,
  }: {
    readonly a: tf.Tensor2D;
    readonly b: tf.Tensor2D;
    readonly bias?: tf.Tensor1D | undefined;
    readonly beta: tf.Tensor | undefined;
  },
  { placement, activation, scaling, steady = false }: PathForm,
): tf.Tensor2D {
  const phi = (y: tf.Tensor2D) => (beta ? annealedActivation(y, beta, activation) : y);
  const [before, between, after] = [/^s-/, /A-s-B/, /-s$/].map((place) => place.test(placement));

  const down = (steady ? inSlices : linear)(before ? phi(x) : x, a);
  const inner = between ? phi(down) : down;
  if (bias) return tf.mul(linear(inner, b, bias), scaling);
  // Scaling comes last, outside every φ. With no φ after B it may multiply the smaller tensor [N, R] instead.
  if (!after) return linear(tf.mul(inner, scaling), b);
  return tf.mul(phi(linear(inner, b)), scaling);
}

/** What a module's adapter computes with its tensors. */
interface PathForm extends Pick<AdapterSpec, 'placement' | 'activation'> {
  readonly scaling: number;
  readonly steady?: boolean;
}

/** Rows of A that onnxruntime does not divide among threads. */
const SLICE = 16;

/**
 * Computes x·Aᵀ, 16 rows of A at a time: x [N, in], a [R, in] → [N, R]. Of more rows onnxruntime makes parts for its
 * threads, in a way that depends on N, and how long the sums over `in` are that it adds up depends on the parts.
 */
function inSlices(x: tf.Tensor2D, a: tf.Tensor2D): tf.Tensor2D {
  const [rank] = a.shape;
  if (rank <= SLICE) return linear(x, a);
  const sizes = Array.from({ length: Math.ceil(rank / SLICE) }, (_, i) => Math.min(SLICE, rank - i * SLICE));
  const slices = tf.split(a, sizes) as tf.Tensor2D[];
  return tf.concat(
    slices.map((slice) => linear(x, slice)),
    1,
  );
}

function betaOf(betas: readonly tf.Tensor[], module: string): tf.Tensor {
  const layer = /\blayers\.(\d+)\./.exec(module)?.[1];
  const beta = betas[Number(layer)];
  if (beta === undefined)
    throw new EngineError(`"${BETA}" has ${betas.length} layers, none of them for ${module}`);
  return beta;
}
