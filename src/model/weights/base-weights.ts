import type { HostTensor, Named } from '../../engine/engine.ts';
import type { Matrix } from '../../engine/ops/matrix.ts';
import { QUANTISED_BLOCK as BLOCK, type QuantisedFormat } from '../../engine/ops/quantised-weight.ts';
import * as tf from '../../engine/tfjs.ts';
import { EngineError } from '../../errors.ts';
import { bfloat16ToFloat32 } from '../files/half.ts';
import { dequantiseQ4, dequantiseQ8 } from './quantise.ts';

// The base weights of a model, by name. A matrix may be held in fewer bits: then NAME.bfloat16, NAME.q8 or NAME.q4 has
// its codes, and NAME.q8.scales or NAME.q4.scales the scales. Everything that reads a matrix asks here.

/** How a frozen base is held in memory. */
export type BaseDtype = 'float32' | QuantisedFormat;

/** Bytes that a weight takes in each form, with its share of a scale. */
export const bytesPerWeight: Readonly<Record<BaseDtype, number>> = {
  float32: 4,
  bfloat16: 2,
  q8: 1 + 4 / BLOCK,
  q4: 1 / 2 + 4 / BLOCK,
};

const formats: readonly QuantisedFormat[] = ['bfloat16', 'q8', 'q4'];
const scalesOf = (codes: string): string => `${codes}.scales`;

/**
 * The form in which a weight is held. Vectors (norms, biases) stay float32, and so does a matrix whose rows are not
 * whole blocks of 32.
 */
export function formOf(shape: readonly number[], dtype: BaseDtype): BaseDtype {
  if (shape.length !== 2) return 'float32';
  return dtype === 'bfloat16' || shape[1]! % BLOCK === 0 ? dtype : 'float32';
}

/** Whether a program's session should hold a tensor, packed, when it can: onnxruntime packs these, and no others. */
export const packs = (name: string): boolean => !/\.(bfloat16|q8)(\.scales)?$/.test(name);

/** Returns a weight of a program as a matrix. @throws EngineError when the program's inputs lack it. */
export function weightMatrix(parameters: Named<tf.Tensor>, name: string): Matrix {
  const whole = parameters[name];
  if (whole !== undefined) return whole as tf.Tensor2D;
  const format = formats.find((each) => `${name}.${each}` in parameters);
  if (format === undefined) throw new EngineError(`the program has no parameter "${name}"`);
  const codes = `${name}.${format}`;
  return { format, codes: parameters[codes]!, scales: parameters[scalesOf(codes)] ?? tf.scalar(1) };
}

/** The name of the weight that a tensor is, or holds the codes or scales of. */
export const weightOf = (part: string): string => part.replace(/\.(bfloat16|q[48](\.scales)?)$/, '');

/** Takes a weight out of `weights`, under the name of another. */
export function partsOf(weights: Named<HostTensor>, name: string, as: string): Record<string, HostTensor> {
  return Object.fromEntries(
    Object.entries(weights).flatMap(([part, tensor]) =>
      weightOf(part) === name ? [[as + part.slice(name.length), tensor]] : [],
    ),
  );
}

/** Puts float32 weights in the place of a model's, in whatever form those are held. */
export function withWeights(
  weights: Named<HostTensor>,
  others: Named<HostTensor>,
): Record<string, HostTensor> {
  const kept = Object.entries(weights).filter(([part]) => !(weightOf(part) in others) || part in others);
  return { ...Object.fromEntries(kept), ...others };
}

/** Counts the weights that tensors hold. */
export function parameterCount(weights: Named<HostTensor>): number {
  return Object.entries(weights).reduce((sum, [name, { data, shape }]) => {
    if (/\.q[48]\.scales$/.test(name)) return sum;
    return sum + (/\.q[48]$/.test(name) ? shape[0]! * shape[1]! * BLOCK : data.length);
  }, 0);
}

/** Returns the tensor that a weight is held in, or its codes; undefined when the model lacks it. */
export function heldTensor(weights: Named<HostTensor>, name: string): HostTensor | undefined {
  const codes = formats.map((format) => `${name}.${format}`).find((each) => each in weights);
  return weights[name] ?? (codes === undefined ? undefined : weights[codes]);
}

/** The shape of a weight, whatever it is held in: [out, in] of a matrix. */
export function floatShape(weights: Named<HostTensor>, name: string): readonly number[] {
  const { shape } = heldTensor(weights, name)!;
  return shape.length === 3 ? [shape[0]!, shape[1]! * BLOCK] : shape;
}

/** Returns a weight in float32; undefined when the model lacks it. What is held in fewer bits is widened into a new array. */
export function floatWeight(weights: Named<HostTensor>, name: string): HostTensor | undefined {
  const whole = weights[name];
  if (whole !== undefined) return whole;
  const format = formats.find((each) => `${name}.${each}` in weights);
  if (format === undefined) return undefined;
  const { data: codes, shape } = weights[`${name}.${format}`]!;
  if (format === 'bfloat16')
    return { data: bfloat16ToFloat32(codes as Uint16Array), shape, dtype: 'float32' };
  const { data } = weights[scalesOf(`${name}.${format}`)]!;
  const scales = data as Float32Array;
  const widened =
    format === 'q8' ? dequantiseQ8(codes as Int8Array, scales) : dequantiseQ4(codes as Uint8Array, scales);
  return { data: widened, shape: floatShape(weights, name), dtype: 'float32' };
}
