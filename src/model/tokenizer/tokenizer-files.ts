import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { InputError } from '../../errors.ts';
import { readTextIfAny } from '../../io/read-json.ts';
import { openGguf } from '../files/gguf.ts';
import { insideFolder } from '../files/inside-folder.ts';
import { findModel } from '../files/source.ts';
import { ggufTokenizerFiles } from './gguf/gguf-tokenizer.ts';

/** Text of each tokenizer file by its name: tokenizer.json always, the others where the model has them. */
export type TokenizerFiles = Readonly<Record<string, string>> & { readonly 'tokenizer.json': string };

const optionalFiles = ['tokenizer_config.json', 'special_tokens_map.json', 'chat_template.jinja'];

/**
 * Reads a model's tokenizer files from its folder, or, when a .gguf file has no tokenizer.json beside it, makes them
 * from the file's metadata.
 * @throws InputError when there is no tokenizer.json, or the GGUF's tokenizer is of a kind that can't be turned into
 * one.
 */
export async function readTokenizerFiles(path: string): Promise<TokenizerFiles> {
  const { folder, weights } = await findModel(path);
  const tokenizer = await readTextIfAny(await insideFolder(folder, 'tokenizer.json'));
  if (tokenizer !== undefined) return { ...(await readOptional(folder)), 'tokenizer.json': tokenizer };
  if (weights.kind !== 'gguf') throw new InputError(`model folder ${folder} has no tokenizer.json`);
  const file = await openGguf(weights.path);
  try {
    return ggufTokenizerFiles(file);
  } finally {
    await file.close();
  }
}

/** The folder of templates by name, such as tool_use.jinja. */
export const ADDITIONAL_TEMPLATES = 'additional_chat_templates/';

async function readOptional(folder: string): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  const additional = await readdir(join(folder, ADDITIONAL_TEMPLATES)).catch(() => []);
  const templates = additional.filter((name) => name.endsWith('.jinja')).sort();
  for (const name of [...optionalFiles, ...templates.map((file) => ADDITIONAL_TEMPLATES + file)]) {
    const text = await readTextIfAny(await insideFolder(folder, name));
    if (text !== undefined) found[name] = text;
  }
  return found;
}
