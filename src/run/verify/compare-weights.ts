import { readModelConfig } from '../../model/read-config.ts';
import { storedTensors } from '../../model/weights/fused.ts';
import { openModelWeights } from '../../model/weights/load-weights.ts';
import type { ExpectedWeight } from './expected-weights.ts';

/** What is allowed of a weight's own size: some steps of float32, for A and B are rounded to it too. */
const RELATIVE = 2 ** -20;

/** How far the weights of a model on disk lie from what they must be. */
export interface WeightComparison {
  /** The largest |W' − (W0 + s·B·A)|, and the weight that has it. */
  readonly maxDelta: number;
  readonly where: string;
  /** Names of the weights that are further off than float32 rounds. */
  readonly off: readonly string[];
  /** The largest difference of each weight. */
  readonly weights: Readonly<Record<string, number>>;
}

/**
 * Compares the weights of a model on disk with W0 + s·B·A, one at a time, in float64. `readBase` gives W0 by name.
 * @throws InputError when the model can't be read.
 */
export async function compareWeights(
  path: string,
  {
    readBase,
    expected,
  }: { readonly readBase: (name: string) => Promise<Float32Array>; readonly expected: ExpectedWeight },
): Promise<WeightComparison> {
  const config = await readModelConfig(path);
  const store = await openModelWeights(path, config);
  try {
    const weights: Record<string, number> = {};
    const off: string[] = [];
    for (const { name, parts } of storedTensors(config)) {
      const must = expected(name, await joined(parts, readBase));
      const { delta, size } = farthest(await joined(parts, store.read), must);
      weights[name] = delta;
      if (!(delta <= RELATIVE * size)) off.push(name);
    }
    const [where, maxDelta] = Object.entries(weights).reduce((a, b) => (b[1] > a[1] ? b : a));
    return { maxDelta, where, off, weights };
  } finally {
    await store.close();
  }
}

/** The largest difference, infinite where a number is NaN, and the largest number. */
function farthest(found: Float32Array, must: Float64Array): { delta: number; size: number } {
  let [delta, size] = [0, 0];
  for (let i = 0; i < must.length; i++) {
    const gap = Math.abs(found[i]! - must[i]!);
    if (Number.isNaN(gap)) return { delta: Number.POSITIVE_INFINITY, size };
    if (gap > delta) delta = gap;
    if (Math.abs(must[i]!) > size) size = Math.abs(must[i]!);
  }
  return { delta, size };
}

async function joined(
  parts: readonly string[],
  read: (name: string) => Promise<Float32Array>,
): Promise<Float32Array> {
  const arrays: Float32Array[] = [];
  for (const part of parts) arrays.push(await read(part));
  if (arrays.length === 1) return arrays[0]!;
  const whole = new Float32Array(arrays.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const array of arrays) {
    whole.set(array, at);
    at += array.length;
  }
  return whole;
}
