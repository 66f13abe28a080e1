import type { Named } from '../engine/engine.ts';
import { linear } from '../engine/ops/linear.ts';
import * as tf from '../engine/tfjs.ts';
import { EngineError } from '../errors.ts';
import { type LinearMap, parameter } from '../model/decoder.ts';
import { type AdapterSpec, scalingOf } from './adapter-spec.ts';
import { adapterNames } from './adapter-tensors.ts';
import { annealedActivation } from './annealed-activation.ts';

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

/** Wraps the base model's linear layers with an adapter. The program's inputs hold the adapter's tensors and β. */
export function adaptedLinear(spec: AdapterSpec, base: LinearMap, inputs: Named<tf.Tensor>): LinearMap {
  const adapted = new Set(spec.modules);
  const betas = spec.anneals ? tf.unstack(parameter(inputs, BETA)) : undefined;
  return (module, x) => {
    const h = base(module, x);
    if (!adapted.has(module)) return h;
    const names = adapterNames(module);
    const a = parameter(inputs, names.a) as tf.Tensor2D;
    const b = parameter(inputs, names.b) as tf.Tensor2D;
    return tf.add(h, adapterPath(x, { a, b, beta: betas && betaOf(betas, module) }, spec));
  };
}

/**
 * Computes scaling·D(x): x [N, in], a [R, in], b [out, R], beta a scalar → [N, out]. Without beta φ is the identity.
 */
export function adapterPath(
  x: tf.Tensor2D,
  { a, b, beta }: { readonly a: tf.Tensor2D; readonly b: tf.Tensor2D; readonly beta: tf.Tensor | undefined },
  spec: Pick<AdapterSpec, 'placement' | 'activation' | 'alpha' | 'rank' | 'rsLora'>,
): tf.Tensor2D {
  const scaling = scalingOf(spec);
  const phi = (y: tf.Tensor2D) => (beta ? annealedActivation(y, beta, spec.activation) : y);
  const [before, between, after] = [/^s-/, /A-s-B/, /-s$/].map((place) => place.test(spec.placement));

  const down = linear(before ? phi(x) : x, a);
  const inner = between ? phi(down) : down;
  // Scaling comes last, outside every φ. With no φ after B it may multiply the smaller tensor [N, R] instead.
  if (!after) return linear(tf.mul(inner, scaling), b);
  return tf.mul(phi(linear(inner, b)), scaling);
}

function betaOf(betas: readonly tf.Tensor[], module: string): tf.Tensor {
  const layer = /\blayers\.(\d+)\./.exec(module)?.[1];
  const beta = betas[Number(layer)];
  if (beta === undefined)
    throw new EngineError(`"${BETA}" has ${betas.length} layers, none of them for ${module}`);
  return beta;
}
