import { existsSync, statSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { hubIdOf } from '../../hub/local-path.ts';
import { modelPath } from '../../model/config/model-path.ts';
import type { Recipe } from '../../recipe/recipe.ts';
import { type Fingerprint, fingerprintOf } from './fingerprint.ts';

/** What else of a model's folder changes what it computes. */
const settings = ['config.json', 'generation_config.json', 'tokenizer.json', 'tokenizer_config.json'];

/** The files of the model that a run begins with; none where there is no such model on disk. */
export async function recordModel({ model, freshWeights }: Recipe): Promise<Fingerprint[]> {
  const path = await modelPath(model);
  if (!existsSync(path)) return [];
  if (!statSync(path).isDirectory()) return [await fingerprintOf(path)];
  const names = await readdir(path);
  // A snapshot of the hub's is loaded by its safetensors; a .gguf file beside them is another model's of the same name.
  const weights = hubIdOf(model) === undefined ? /\.(?:safetensors|gguf)$/ : /\.safetensors$/;
  const read = names.filter((name) => settings.includes(name) || (!freshWeights && weights.test(name)));
  return Promise.all(read.sort().map((name) => fingerprintOf(join(path, name))));
}
