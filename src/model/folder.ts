import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { HostTensor } from '../engine/engine.ts';
import { writeFolderAtomic } from '../io/atomic-folder.ts';
import { writeFileAtomic } from '../io/atomic-write.ts';
import type { JsonObject, ModelConfig } from './config/model-config.ts';
import { writeSafetensors } from './files/safetensors.ts';
import type { TokenizerFiles } from './tokenizer/tokenizer-files.ts';
import { floatWeight } from './weights/base-weights.ts';
import { storedTensors } from './weights/fused.ts';

/**
 * Writes a model in Hugging Face layout, in float32: config.json, generation_config.json, model.safetensors and the
 * tokenizer's files. transformers and `loadModel` read it back. The folder appears whole or not at all, and replaces an
 * existing one.
 * @throws RangeError when a weight that the config asks for is missing or has the wrong length.
 */
export async function saveModelFolder(
  out: string,
  model: {
    readonly config: ModelConfig;
    readonly weights: Readonly<Record<string, HostTensor>>;
    readonly tokenizerFiles: TokenizerFiles;
  },
): Promise<void> {
  const tensors = floatTensors(model.config, model.weights);
  await writeFolderAtomic(out, async (folder) => {
    await writeFileAtomic(join(folder, 'config.json'), json(float32Config(model.config.raw)));
    if (model.config.rawGeneration !== null) {
      await writeFileAtomic(join(folder, 'generation_config.json'), json(model.config.rawGeneration));
    }
    for (const [name, text] of Object.entries(model.tokenizerFiles)) {
      await mkdir(dirname(join(folder, name)), { recursive: true });
      await writeFileAtomic(join(folder, name), text);
    }
    await writeSafetensors(join(folder, 'model.safetensors'), tensors);
  });
}

/** Returns the weights that the config asks for, as its checkpoints store them, in Hugging Face's order. */
function floatTensors(config: ModelConfig, weights: Readonly<Record<string, HostTensor>>) {
  const floatsOf = (name: string): Float32Array => {
    const data = floatWeight(weights, name)?.data;
    if (data instanceof Float32Array) return data;
    throw new RangeError(`weight "${name}" is ${data === undefined ? 'missing' : 'not float32'}`);
  };
  const entries = storedTensors(config).map(({ name, shape, parts }) => {
    const data = parts.map(floatsOf);
    return [name, { data: data.length === 1 ? data[0]! : joined(data), shape }] as const;
  });
  return Object.fromEntries(entries);
}

function joined(parts: readonly Float32Array[]): Float32Array {
  const whole = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** Sets the type in a config to float32. transformers 5 calls this field dtype, transformers 4 torch_dtype. */
function float32Config(raw: JsonObject): JsonObject {
  const { dtype, torch_dtype, ...rest } = raw;
  return { ...rest, [dtype === undefined && torch_dtype !== undefined ? 'torch_dtype' : 'dtype']: 'float32' };
}

function json(value: JsonObject): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
