import type { TensorToWrite } from '../files/encode-floats.ts';
import { storedTensors } from '../weights/fused.ts';
import type { ModelToSave } from './model-to-save.ts';

/** Lists the tensors of a model as its checkpoints store them, fused ones whole, in Hugging Face's order. */
export function tensorsToWrite({
  config,
  readWeight,
}: Pick<ModelToSave, 'config' | 'readWeight'>): TensorToWrite[] {
  return storedTensors(config).map(({ name, shape, parts }) => ({
    name,
    shape,
    read: () => (parts.length === 1 ? readWeight(parts[0]!) : joined(parts.map(readWeight))),
  }));
}

/** Puts the rows of several weights one below the other. */
function joined(parts: readonly Float32Array[]): Float32Array {
  const whole = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
