import type { HostTensor, Named } from '../../engine/engine.ts';
import { floatWeight } from './base-weights.ts';

/**
 * Gives a weight's values in float32, row-major, by its Hugging Face name. What it computes, it computes when asked, so
 * that who writes a model needs memory for one weight beside the model.
 */
export type ReadWeight = (name: string) => Float32Array;

/** Reads weights that are in memory; what is held in fewer bits is widened. @throws RangeError when one is missing. */
export function heldWeights(weights: Named<HostTensor>): ReadWeight {
  return (name) => {
    const data = floatWeight(weights, name)?.data;
    if (data instanceof Float32Array) return data;
    throw new RangeError(`weight "${name}" is ${data === undefined ? 'missing' : 'not float32'}`);
  };
}
