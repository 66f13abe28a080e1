import { dirname } from 'node:path';
import { z } from 'zod';
import { InputError } from '../../errors.ts';
import { readJsonIfAny } from '../../io/read-json.ts';
import { quoted } from '../../io/text/shown.ts';
import { insideFolder } from '../files/inside-folder.ts';
import { openSafetensors, type SafetensorsFile } from '../files/safetensors.ts';
import type { WeightStore } from './weight-store.ts';

/** Opens a checkpoint of one safetensors file. */
export async function openSingle(path: string): Promise<WeightStore> {
  const file = await openSafetensors(path);
  return store(path, new Map([...file.entries.keys()].map((name) => [name, file])));
}

const fileName = z
  .string()
  .max(255, 'is too long for a file name')
  .regex(/^(?!\.\.?$)[^/\\\p{Cc}]+$/u, 'must be a file name, without a folder');
const indexSchema = z.looseObject({ weight_map: z.record(z.string(), fileName) });

/**
 * Opens the shards that model.safetensors.index.json lists.
 * @throws InputError when a shard is missing or damaged, or lacks a tensor that the index promises.
 */
export async function openShards(indexPath: string): Promise<WeightStore> {
  const index = await readJsonIfAny(indexPath, indexSchema);
  const places = Object.entries(index?.weight_map ?? {});
  const shards = new Map<string, SafetensorsFile>();
  try {
    for (const shard of new Set(places.map(([, file]) => file))) {
      shards.set(shard, await openSafetensors(await insideFolder(dirname(indexPath), shard)));
    }
    for (const [name, shard] of places) {
      if (shards.get(shard)!.entries.has(name)) continue;
      throw new InputError(`${indexPath} lists tensor ${quoted(name)} in ${shard}, which does not have it`);
    }
  } catch (error) {
    for (const shard of shards.values()) await shard.close();
    throw error;
  }
  return store(indexPath, new Map(places.map(([name, shard]) => [name, shards.get(shard)!])));
}

function store(where: string, places: ReadonlyMap<string, SafetensorsFile>): WeightStore {
  return {
    where,
    readableTypes: ['F32', 'F16', 'BF16'],
    tensors: new Map(
      [...places].map(([name, file]) => {
        const { shape, dtype } = file.entries.get(name)!;
        return [name, { shape, type: dtype }];
      }),
    ),
    read: async (name, rows) => {
      const { data, dtype } = await places.get(name)!.read(name, rows);
      if (data instanceof Float32Array) return data;
      throw new TypeError(`${where}: tensor "${name}" is ${dtype}`);
    },
    close: async () => {
      for (const file of new Set(places.values())) await file.close();
    },
  };
}
