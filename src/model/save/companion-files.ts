import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { InputError } from '../../errors.ts';
import { isMissing } from '../../io/read-json.ts';
import { insideFolder } from '../files/inside-folder.ts';
import { findModel } from '../files/source.ts';

/** Files of tokenizers, chat templates and generation that model folders have, by their usual names. */
const companion =
  /^(?:tokenizer.*|special_tokens_map\.json|added_tokens\.json|vocab\.(?:json|txt)|merges\.txt|.*\.tiktoken|(?:spiece|sentencepiece.*)\.model|tekken\.json|chat_template\..*|.*\.jinja|generation_config\.json)$/;

const GENERATION = 'generation_config.json';

/** Templates for other ends than chat, by transformers' name for their folder. */
const TEMPLATES = 'additional_chat_templates';

/**
 * Reads what a copy of a model needs beside config and weights: path in the folder, and bytes. A link that leads out of
 * the folder is left out: what it leads to is not the model's. So are the tokenizer's files beside a .gguf file without
 * a tokenizer.json: its tokenizer and template are those of its metadata.
 */
export async function* companionFiles(
  source: string,
): AsyncGenerator<readonly [path: string, bytes: Buffer]> {
  // Where the model lies there no more, there is nothing to copy.
  const found = await findModel(source).catch(() => undefined);
  if (found === undefined) return;
  const { folder, weights } = found;
  const all = (await list(folder)).filter((name) => companion.test(name));
  const fromMetadata = weights.kind === 'gguf' && !all.includes('tokenizer.json');
  const names = fromMetadata ? all.filter((name) => name === GENERATION) : all;
  const templates = fromMetadata
    ? []
    : (await list(join(folder, TEMPLATES))).map((name) => join(TEMPLATES, name));
  for (const name of [...names, ...templates]) {
    const bytes = await contentOf(folder, name);
    if (bytes !== undefined) yield [name, bytes];
  }
}

/** A file's bytes; undefined for what is missing, is no file (a pipe would never end) or lies elsewhere. */
async function contentOf(folder: string, name: string): Promise<Buffer | undefined> {
  try {
    const path = await insideFolder(folder, name);
    return (await stat(path)).isFile() ? await readFile(path) : undefined;
  } catch (error) {
    return error instanceof InputError ? undefined : ignoreMissing(error);
  }
}

/** Names of the files in a folder, of none if it is missing; a hub cache's links count as files. */
async function list(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(ignoreMissing);
  return (entries ?? []).filter((entry) => !entry.isDirectory()).map((entry) => entry.name);
}

function ignoreMissing(error: unknown): undefined {
  if (!isMissing(error)) throw error;
}
