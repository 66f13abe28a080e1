import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { InputError } from '../errors.ts';
import { readJsonIfAny } from '../io/read-json.ts';
import type { ModelConfig } from './config/model-config.ts';
import { parseModelConfig } from './families/parse-config.ts';
import { type GgufFile, openGguf } from './files/gguf.ts';
import { insideFolder } from './files/inside-folder.ts';
import { findModel } from './files/source.ts';
import { ggufEndIds, ggufModelConfig } from './weights/gguf-config.ts';

/**
 * Reads a model's config: config.json (with generation_config.json) of its folder, or, when a .gguf file has none
 * beside it, the file's own metadata. End ids of the metadata count either way.
 * @throws InputError when the path does not exist, there is no config, or the model is not supported.
 */
export async function readModelConfig(path: string): Promise<ModelConfig> {
  const { folder, weights } = await findModel(path);
  const where = join(folder, 'config.json');
  const config = await readJsonIfAny(await insideFolder(folder, 'config.json'), z.unknown());
  if (config !== undefined) {
    const generation = await readJsonIfAny(await insideFolder(folder, 'generation_config.json'), z.unknown());
    const ggufEnds = weights.kind === 'gguf' ? await fromGguf(weights.path, ggufEndIds) : [];
    return parseModelConfig({ config, generation, ggufEnds, where });
  }
  if (weights.kind !== 'gguf') {
    const hint = existsSync(join(folder, 'adapter_config.json'))
      ? ': it holds an adapter; name its model, and the folder with --adapter'
      : '';
    throw new InputError(`model folder ${folder} has no config.json${hint}`);
  }
  return fromGguf(weights.path, ggufModelConfig);
}

async function fromGguf<T>(path: string, read: (file: GgufFile) => T | Promise<T>): Promise<T> {
  const file = await openGguf(path);
  try {
    return await read(file);
  } finally {
    await file.close();
  }
}
