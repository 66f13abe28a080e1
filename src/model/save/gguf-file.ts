import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { InputError } from '../../errors.ts';
import { type EncodedType, isWholeBlocks } from '../files/encode-floats.ts';
import { type GgufTensorToWrite, writeGguf } from '../files/write-gguf.ts';
import { checkExpressible } from './gguf-limits.ts';
import { fileTypes, type GgufDType, ggufMetadata } from './gguf-metadata.ts';
import { ropeFactorTensors } from './gguf-rope.ts';
import { ggufTensor } from './gguf-tensors.ts';
import { ggufVocabulary } from './gguf-vocabulary.ts';
import type { ModelToSave } from './model-to-save.ts';
import { tensorsToWrite } from './tensors-to-write.ts';

export type { GgufDType };

/**
 * Writes a model as one GGUF file that llama.cpp loads, with its tokenizer and chat template. Matrices have the type
 * asked for (default f16), norms and biases float32. A matrix whose rows are no whole blocks of Q8_0 is F16.
 * @throws InputError when the architecture or the tokenizer can't be expressed in GGUF, or the type can't hold a weight;
 * RangeError when a weight that the config asks for is missing or has the wrong length.
 */
export async function saveGguf(
  out: string,
  model: ModelToSave,
  { dtype = 'f16' }: { readonly dtype?: GgufDType } = {},
): Promise<void> {
  if (!out.endsWith('.gguf')) throw new InputError(`a GGUF file's name ends with .gguf (got ${out})`);
  checkExpressible(model.config);
  const metadata = { ...ggufMetadata(model, dtype), ...ggufVocabulary(model) };
  const tensors = [...ropeFactorTensors(model.config), ...tensorsOf(model, fileTypes[dtype].matrices)];
  await mkdir(dirname(out), { recursive: true });
  await writeGguf(out, metadata, tensors);
}

function tensorsOf(model: ModelToSave, matrices: EncodedType): GgufTensorToWrite[] {
  return tensorsToWrite(model).map(({ name, shape, read }) => {
    const { name: stored, convert } = ggufTensor(name, model.config);
    return {
      name: stored,
      shape,
      type: typeOf(shape, matrices),
      read: async () => convert(await read(), shape),
    };
  });
}

function typeOf(shape: readonly number[], matrices: EncodedType): EncodedType {
  if (shape.length < 2) return 'F32';
  return isWholeBlocks(matrices, shape.at(-1)!) ? matrices : 'F16';
}
