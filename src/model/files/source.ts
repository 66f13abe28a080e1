import { readdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { InputError } from '../../errors.ts';
import { isMissing, unreadable } from '../../io/read-json.ts';
import { shown } from '../../io/text/shown.ts';
import { splitName } from './gguf.ts';
import { insideFolder } from './inside-folder.ts';

/** Where a model's files are. */
export interface ModelSource {
  /** The folder that holds config.json and tokenizer.json, if the model has them. */
  readonly folder: string;
  /** 'none': a folder without weights, from which a fresh model can be made; its path is the folder's. */
  readonly weights: { readonly kind: 'safetensors' | 'index' | 'gguf' | 'none'; readonly path: string };
}

/**
 * Finds a model's weights: a .gguf file, or a folder in Hugging Face layout with model.safetensors,
 * model.safetensors.index.json (shards) or exactly one .gguf file (or one that is split), looked for in that order.
 * @throws InputError when the path does not exist, holds several models in .gguf files or pickled weights only, or when
 * a link leads out of the folder.
 */
export async function findModel(path: string): Promise<ModelSource> {
  const status = await stat(path).catch((error: unknown) => {
    if (!isMissing(error)) throw unreadable(path, error);
    throw new InputError(
      `model "${path}" does not exist; give a folder in Hugging Face layout, a .gguf file, or a model on the Hugging Face hub (owner/name)`,
    );
  });
  if (status.isDirectory()) return findInFolder(path);
  if (path.endsWith('.gguf')) return { folder: dirname(path), weights: { kind: 'gguf', path } };
  throw new InputError(`model "${path}" is neither a folder nor a .gguf file`);
}

async function findInFolder(folder: string): Promise<ModelSource> {
  const names = await readdir(folder).catch((error: unknown) => {
    throw unreadable(folder, error);
  });
  const found = async (kind: ModelSource['weights']['kind'], name: string): Promise<ModelSource> => ({
    folder,
    weights: { kind, path: await insideFolder(folder, name) },
  });
  if (names.includes('model.safetensors')) return found('safetensors', 'model.safetensors');
  if (names.includes('model.safetensors.index.json')) return found('index', 'model.safetensors.index.json');
  const ggufs = firstParts(names.filter((name) => name.endsWith('.gguf')).sort());
  if (ggufs.length === 1) return found('gguf', ggufs[0]!);
  if (ggufs.length > 1) {
    throw new InputError(
      `model folder ${folder} has ${ggufs.length} .gguf files (${ggufs.join(', ')}); give the path of one`,
    );
  }
  refusePickles(folder, names);
  return { folder, weights: { kind: 'none', path: folder } };
}

/** Weights that PyTorch pickled: opening such a file can run any code. */
function refusePickles(folder: string, names: readonly string[]): void {
  const pickle = names.find((name) =>
    /^((pytorch_)?model|consolidated).*\.(bin|pt|pth|ckpt|pkl)$/.test(name),
  );
  if (pickle === undefined) return;
  throw new InputError(
    `model folder ${folder} has its weights in ${shown(pickle)}, a pickle, which can run code when it is opened; convert them to safetensors: python -c "from transformers import AutoModelForCausalLM as M; M.from_pretrained('${folder}').save_pretrained('${folder}')"`,
  );
}

/** Of the parts of a split model the first. */
function firstParts(ggufs: readonly string[]): string[] {
  const seen = new Set<string>();
  return ggufs.filter((file) => {
    const model = splitName.exec(file)?.[1] ?? file;
    return !seen.has(model) && seen.add(model);
  });
}
