import { existsSync, statSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { adapterFiles } from '../../adapter/peft/peft-folder.ts';
import { hubIdOf, localPath } from '../../hub/local-path.ts';
import { modelPath } from '../../model/config/model-path.ts';
import type { Recipe } from '../../recipe/recipe.ts';
import { type Fingerprint, fingerprintOf } from './fingerprint.ts';

/** What else of a model's folder changes what it computes. */
const settings = ['config.json', 'generation_config.json', 'tokenizer.json', 'tokenizer_config.json'];

/** The files of the model, of its draft and of the adapter that a run begins with; none of what is not on disk. */
export async function recordModel(recipe: Recipe): Promise<Fingerprint[]> {
  const { init } = recipe.adapter;
  const drafted = recipe.draft.model;
  const draft = drafted === undefined ? [] : await modelFiles({ model: drafted, freshWeights: false });
  return [...(await modelFiles(recipe)), ...draft, ...(init === undefined ? [] : await adapterPrints(init))];
}

async function adapterPrints(init: string): Promise<Fingerprint[]> {
  const folder = await localPath(init, 'adapter');
  const paths = Object.values(adapterFiles).map((name) => join(folder, name));
  return Promise.all(paths.filter((path) => existsSync(path)).map(fingerprintOf));
}

async function modelFiles({
  model,
  freshWeights,
}: Pick<Recipe, 'model' | 'freshWeights'>): Promise<Fingerprint[]> {
  const path = await modelPath(model);
  if (!existsSync(path)) return [];
  if (!statSync(path).isDirectory()) return [await fingerprintOf(path)];
  const names = await readdir(path);
  // A snapshot of the hub's is loaded by its safetensors; a .gguf file beside them is another model's of the same name.
  const weights = hubIdOf(model) === undefined ? /\.(?:safetensors|gguf)$/ : /\.safetensors$/;
  const read = names.filter((name) => settings.includes(name) || (!freshWeights && weights.test(name)));
  return Promise.all(read.sort().map((name) => fingerprintOf(join(path, name))));
}
