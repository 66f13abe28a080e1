import { z } from 'zod';
import { parseJson } from '../../io/read-json.ts';
import type { RepoFile } from '../base/repo-file.ts';
import type { Offer } from './selection.ts';

const INDEX = 'model.safetensors.index.json';
const indexSchema = z.object({ weight_map: z.record(z.string(), z.string()) });

/**
 * The safetensors files of a model: model.safetensors, else the shards that its index names and the repository lists.
 * @throws InputError when the index is damaged.
 */
export async function safetensorsOf({ files, repository, read }: Offer): Promise<readonly RepoFile[]> {
  const single = files.filter(({ path }) => path === 'model.safetensors');
  if (single.length > 0) return single;
  const index = files.find(({ path }) => path === INDEX);
  if (index === undefined) return [];
  const { weight_map } = parseJson(await read(index), indexSchema, `${repository.name}: ${INDEX}`);
  const shards = new Set(Object.values(weight_map));
  // A shard that is not listed is missed when the model is loaded, which names it.
  return files.filter(({ path }) => shards.has(path));
}
