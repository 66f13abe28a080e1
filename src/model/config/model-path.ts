import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { localPath } from '../../hub/local-path.ts';
import { packageRoot } from '../../io/package-root.ts';

/** Models that come with the package, by name. */
const bundled = ['tiny'];

/**
 * The path of a model as it is named, without asking the hub: 'tiny' is the embedded one, unless a folder of that name
 * is here; all else stays as it is.
 */
export function givenModelPath(model: string): string {
  if (!bundled.includes(model) || existsSync(model)) return model;
  return fileURLToPath(new URL(`models/${model}`, packageRoot));
}

/**
 * Where a model lies: 'tiny' is the embedded one, what is here is itself, and `owner/name[@revision][:quantisation]` is
 * downloaded from the hub where it is not in its cache. Any other text stays as it is, for whoever opens it to refuse.
 * @param wanted of a model on the hub the tokenizer alone can be asked for.
 * @throws InputError when the hub has no such model or shows it only to others; AnnealError when it can't be downloaded.
 */
export const modelPath = (model: string, wanted: 'model' | 'tokenizer' = 'model'): Promise<string> =>
  localPath(givenModelPath(model), wanted);
