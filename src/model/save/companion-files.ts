import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isMissing } from '../../io/read-json.ts';
import { findModel } from '../files/source.ts';

/** Files of tokenizers, chat templates and generation that model folders have, by their usual names. */
const companion =
  /^(?:tokenizer.*|special_tokens_map\.json|added_tokens\.json|vocab\.(?:json|txt)|merges\.txt|.*\.tiktoken|(?:spiece|sentencepiece.*)\.model|tekken\.json|chat_template\..*|.*\.jinja|generation_config\.json)$/;

/** Templates for other ends than chat, by transformers' name for their folder. */
const TEMPLATES = 'additional_chat_templates';

/**
 * Reads what a copy of a model needs beside config and weights, byte for byte: path in the folder → content. A .gguf
 * file's generation_config.json is left out, because the file's own metadata may name more end tokens.
 * @returns nothing when the model lies there no more.
 */
export async function* companionFiles(
  source: string,
): AsyncGenerator<readonly [path: string, bytes: Uint8Array]> {
  const found = await findModel(source).catch(() => undefined);
  if (found === undefined) return;
  const { folder, weights } = found;
  const names = (await list(folder)).filter(
    (name) => companion.test(name) && !(weights.kind === 'gguf' && name === 'generation_config.json'),
  );
  const templates = (await list(join(folder, TEMPLATES))).map((name) => join(TEMPLATES, name));
  for (const name of [...names, ...templates]) {
    const bytes = await readFile(join(folder, name)).catch(ignoreMissing);
    if (bytes !== undefined) yield [name, bytes];
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
