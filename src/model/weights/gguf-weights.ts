import type { ModelConfig } from '../config/model-config.ts';
import { families } from '../families/index.ts';
import type { GgufFile } from '../files/gguf.ts';
import { supportedQuantTypes } from '../files/gguf-dequantise.ts';
import type { RowRange } from '../files/row-range.ts';
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
    read: async (name, rows) => {
      const read = (range?: RowRange) => file.read(names.get(name)!, range);
      // llama.cpp's converter stores what a norm multiplies by.
      if (config.normAddsOne && /norm\.weight$/.test(name))
        return (await read(rows)).map((value) => value - 1);
      const heads = headsOf(name, config);
      const { shape } = tensor(name);
      return heads === undefined ? read(rows) : unpermutedRows({ shape, heads, read }, rows);
    },
    close: file.close,
  };
}

/** Reads Hugging Face's rows out of permuted ones: the whole heads that they belong to, unpermuted. */
async function unpermutedRows(
  file: {
    readonly shape: readonly number[];
    readonly heads: number;
    readonly read: (rows: RowRange) => Promise<Float32Array>;
  },
  rows?: RowRange,
): Promise<Float32Array> {
  const [all = 1, ...rest] = file.shape;
  const { first, count } = rows ?? { first: 0, count: all };
  const headDim = all / file.heads;
  const start = first - (first % headDim);
  const end = Math.ceil((first + count) / headDim) * headDim;
  const shape = [end - start, ...rest];
  const data = unpermuteRows(await file.read({ first: start, count: end - start }), {
    shape,
    heads: (end - start) / headDim,
  });
  const columns = rest[0] ?? 1;
  return data.subarray((first - start) * columns, (first - start + count) * columns);
}

function headsOf(name: string, config: ModelConfig): number | undefined {
  if (!families[config.modelType]!.gguf.interleavesHeads) return undefined;
  if (/\.q_proj\.(weight|bias)$/.test(name)) return config.heads;
  if (/\.k_proj\.(weight|bias)$/.test(name)) return config.kvHeads;
  return undefined;
}
