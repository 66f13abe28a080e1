import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll } from 'vitest';
import { fixtures } from '../golden/golden-files.ts';

const root = mkdtempSync(join(tmpdir(), 'anneal-policy-'));
afterAll(() => rmSync(root, { recursive: true }));

let folders = 0;

/** A path that does not exist yet; what is put there is gone after the file's tests. */
export const newPath = (): string => join(root, String(folders++));

export interface FolderOptions {
  /** A folder of test/fixtures/models, or any by its absolute path: random weights with peaked logits, no tokenizer. */
  readonly fixture?: string;
  /** Ids that end a text; the first is the tokenizer's. */
  readonly eosTokenIds?: readonly number[];
  readonly padTokenId?: number;
  /** Whether conversations of several turns can be rendered: contents one after the other, END after an assistant's. */
  readonly chatTemplate?: boolean;
}

/** A recorded random model with a tokenizer of one character a token: a folder that a recipe can name. */
export function modelFolder({
  fixture = 'llama-tied',
  eosTokenIds = [2],
  padTokenId = 0,
  chatTemplate = false,
}: FolderOptions = {}): string {
  const [from, to] = [resolve(fixtures, 'models', fixture), newPath()];
  cpSync(from, to, { recursive: true, filter: (path) => !path.includes('golden') });
  for (const file of readdirSync(to).filter((name) => /^(generation_)?config\.json$/.test(name))) {
    const config = JSON.parse(readFileSync(join(from, file), 'utf8'));
    // Several ids stand in generation_config.json, as in models whose turns end otherwise than their texts.
    const eos = file === 'config.json' ? eosTokenIds[0] : eosTokenIds;
    write(to, file, { ...config, eos_token_id: eos, pad_token_id: padTokenId });
  }
  const { vocab_size: size } = JSON.parse(readFileSync(join(from, 'config.json'), 'utf8'));
  write(to, 'tokenizer.json', characterTokenizer(size, eosTokenIds[0]!));
  write(to, 'tokenizer_config.json', {
    eos_token: END,
    pad_token: padTokenId === eosTokenIds[0] ? END : letter(padTokenId),
  });
  if (chatTemplate) writeFileSync(join(to, 'chat_template.jinja'), TEMPLATE);
  return to;
}

const TEMPLATE =
  "{% for m in messages %}{{ m.content }}{% if m.role == 'assistant' %}{{ eos_token }}{% endif %}{% endfor %}";

/** The first of the EOS ids as text. */
export const END = '<end>';

/** The character of any other token id. */
export const letter = (id: number): string => String.fromCodePoint(0x4e00 + id);
/** The text whose tokens these are. */
export const textOf = (ids: readonly number[]): string => ids.map(letter).join('');

function characterTokenizer(size: number, eos: number): object {
  const vocab = Array.from({ length: size }, (_, id) => [id === eos ? END : letter(id), id]);
  const flags = { single_word: false, lstrip: false, rstrip: false, normalized: false, special: true };
  return {
    version: '1.0',
    added_tokens: [{ id: eos, content: END, ...flags }],
    normalizer: null,
    pre_tokenizer: null,
    post_processor: null,
    decoder: { type: 'Fuse' },
    model: { type: 'BPE', vocab: Object.fromEntries(vocab), merges: [] },
  };
}

const write = (folder: string, file: string, json: object) =>
  writeFileSync(join(folder, file), JSON.stringify(json));
