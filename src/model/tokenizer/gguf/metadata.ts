import { z } from 'zod';
import { InputError } from '../../../errors.ts';
import { checkForm } from '../../../io/read-json.ts';
import type { GgufFile } from '../../files/gguf.ts';

/** The tokenizer's part of a GGUF file's metadata, without llama.cpp's prefix. */
export interface TokenizerMetadata {
  /** Name of the file, for errors. */
  readonly where: string;
  /** `general.architecture` */
  readonly architecture: string;
  /** What llama.cpp calls the kind of tokenizer: "gpt2", "llama". */
  readonly model: string;
  readonly pre: string | undefined;
  /** The token of each id, [V]. */
  readonly tokens: readonly string[];
  /** llama.cpp's type of each token, [V]. */
  readonly types: readonly number[];
  /** [V], or empty. */
  readonly scores: readonly number[];
  readonly merges: readonly string[] | undefined;
  readonly special: Readonly<Record<SpecialName, string | undefined>>;
  readonly addBos: boolean | undefined;
  readonly addEos: boolean | undefined;
  readonly addSpacePrefix: boolean | undefined;
  /** One, or several by name: "default", "tool_use". */
  readonly chatTemplate: string | readonly NamedTemplate[] | undefined;
  /** Whether the tokenizer rewrites texts by a table of its own before it cuts them. */
  readonly hasCharacterMap: boolean;
}

interface NamedTemplate {
  readonly name: string;
  readonly template: string;
}

export type SpecialName = 'bos' | 'eos' | 'unknown' | 'padding';

const id = z.int().nonnegative().optional();
const flag = z.boolean().optional();
const schema = z.looseObject({
  'general.architecture': z.string(),
  'tokenizer.ggml.model': z.string(),
  'tokenizer.ggml.pre': z.string().optional(),
  'tokenizer.ggml.tokens': z.array(z.string()).min(1),
  'tokenizer.ggml.merges': z.array(z.string()).optional(),
  'tokenizer.ggml.token_type': z.array(z.number()).default([]),
  'tokenizer.ggml.scores': z.array(z.number()).default([]),
  'tokenizer.ggml.bos_token_id': id,
  'tokenizer.ggml.eos_token_id': id,
  'tokenizer.ggml.unknown_token_id': id,
  'tokenizer.ggml.padding_token_id': id,
  'tokenizer.ggml.add_bos_token': flag,
  'tokenizer.ggml.add_eos_token': flag,
  'tokenizer.ggml.add_space_prefix': flag,
  'tokenizer.ggml.precompiled_charsmap': z.array(z.number()).default([]),
  'tokenizer.chat_template': z.string().optional(),
});

/**
 * Reads what a file says of its tokenizer.
 * @throws InputError when it says nothing, a field has the wrong form, or lists and ids don't fit its tokens.
 */
export function tokenizerMetadata(file: GgufFile): TokenizerMetadata {
  const where = `${file.path} (no tokenizer.json beside it; metadata)`;
  const found = checkForm(file.metadata, schema, where);
  const tokens = found['tokenizer.ggml.tokens'];
  const perToken = (name: 'token_type' | 'scores') => {
    const list = found[`tokenizer.ggml.${name}`];
    if (list.length === 0 || list.length === tokens.length) return list;
    throw new InputError(`${where}: ${name} has ${list.length} entries for ${tokens.length} tokens`);
  };
  const special = (name: SpecialName) => {
    const index = found[`tokenizer.ggml.${name}_token_id`];
    if (index === undefined || index < tokens.length) return index === undefined ? undefined : tokens[index];
    throw new InputError(`${where}: ${name}_token_id ${index} is outside the vocabulary of ${tokens.length}`);
  };
  return {
    where: file.path,
    architecture: found['general.architecture'],
    model: found['tokenizer.ggml.model'],
    pre: found['tokenizer.ggml.pre'],
    tokens,
    types: perToken('token_type'),
    scores: perToken('scores'),
    merges: found['tokenizer.ggml.merges'],
    special: {
      bos: special('bos'),
      eos: special('eos'),
      unknown: special('unknown'),
      padding: special('padding'),
    },
    addBos: found['tokenizer.ggml.add_bos_token'],
    addEos: found['tokenizer.ggml.add_eos_token'],
    addSpacePrefix: found['tokenizer.ggml.add_space_prefix'],
    chatTemplate: chatTemplate(file, found['tokenizer.chat_template']),
    hasCharacterMap: found['tokenizer.ggml.precompiled_charsmap'].length > 0,
  };
}

const TEMPLATE = 'tokenizer.chat_template.';

/** Templates other than the default one have keys that end in their names. */
function chatTemplate(
  { metadata }: GgufFile,
  template: string | undefined,
): TokenizerMetadata['chatTemplate'] {
  const named = Object.entries(metadata).flatMap(([key, value]): NamedTemplate[] =>
    key.startsWith(TEMPLATE) && typeof value === 'string'
      ? [{ name: key.slice(TEMPLATE.length), template: value }]
      : [],
  );
  if (named.length === 0) return template;
  return template === undefined ? named : [{ name: 'default', template }, ...named];
}
