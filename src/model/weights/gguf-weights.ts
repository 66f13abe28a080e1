import type { ModelConfig } from '../config/model-config.ts';
import { families } from '../families/index.ts';
import type { GgufFile } from '../files/gguf.ts';
import { supportedQuantTypes } from '../files/gguf-dequantise.ts';
import { huggingFaceName } from './gguf-names.ts';
import { ropeTensors } from './gguf-rope.ts';
import { unpermuteRows } from './gguf-rows.ts';
import type { WeightStore } from './weight-store.ts';

/** The weights of a GGUF file under Hugging Face names, as Hugging Face has them: row order and norms. */
export function ggufWeights(file: GgufFile, config: ModelConfig): WeightStore {
  const names = new Map(
    [...file.tensors.keys()].map((name) => [huggingFaceName(name, config.modelType), name]),
  );
  // Factors of the rotary frequencies, which the config has already.
  if (config.ropes.some(({ scaling }) => scaling.type === 'llama3' || scaling.type === 'longrope')) {
    for (const name of Object.values(ropeTensors)) names.delete(name);
  }
  const tensor = (name: string) => file.tensors.get(names.get(name)!)!;
  return {
    where: file.path,
    readableTypes: supportedQuantTypes,
    tensors: new Map([...names.keys()].map((name) => [name, tensor(name)])),
    read: async (name) =>
      restored(await file.read(names.get(name)!), name, { config, shape: tensor(name).shape }),
    close: file.close,
  };
}

/** Undoes what llama.cpp's converter does to the values of a weight. */
function restored(
  data: Float32Array,
  name: string,
  { config, shape }: { readonly config: ModelConfig; readonly shape: readonly number[] },
): Float32Array {
  // It stores what a norm multiplies by.
  if (config.normAddsOne && /norm\.weight$/.test(name)) return data.map((value) => value - 1);
  const heads = headsOf(name, config);
  return heads === undefined ? data : unpermuteRows(data, { shape, heads });
}

function headsOf(name: string, config: ModelConfig): number | undefined {
  if (!families[config.modelType]!.gguf.interleavesHeads) return undefined;
  if (/\.q_proj\.(weight|bias)$/.test(name)) return config.heads;
  if (/\.k_proj\.(weight|bias)$/.test(name)) return config.kvHeads;
  return undefined;
}
