import { InputError } from '../../errors.ts';
import type { ModelConfig } from '../config/model-config.ts';
import { ggufName, permuteRows } from '../weights/gguf-llama.ts';

/** How llama.cpp stores a weight: its own name for it, and the order that it has the values in. */
interface StoredTensor {
  readonly name: string;
  readonly arrange: (values: Float32Array, shape: readonly number[]) => Float32Array;
}

/** Says how llama.cpp stores a weight of a Hugging Face name. @throws InputError for a name that it lacks. */
export function storedTensor(name: string, config: ModelConfig): StoredTensor {
  const stored = ggufName(name);
  if (stored === undefined)
    throw new InputError(`GGUF has no name for "${name}" of a ${config.modelType} model`);
  const heads = /\.([qk])_proj\.(?:weight|bias)$/.exec(name)?.[1];
  if (heads === undefined) return { name: stored, arrange: (values) => values };
  const count = heads === 'q' ? config.heads : config.kvHeads;
  return { name: stored, arrange: (values, shape) => permuteRows(values, shape, count) };
}
