import { z } from 'zod';

const flags = { single_word: false, lstrip: false, rstrip: false, normalized: false };
const addedSchema = z.looseObject({ content: z.string() });
const name = z.union([z.string(), addedSchema.transform(({ content }) => content)]);
const names = z.union([z.array(name), z.record(z.string(), name).transform((all) => Object.values(all))]);

const configSchema = z.looseObject({
  added_tokens_decoder: z.record(z.string(), addedSchema).catch({}),
  extra_special_tokens: names.catch([]),
  additional_special_tokens: names.catch([]),
});

interface AddedToken {
  readonly id: number;
  readonly content: string;
  readonly [flag: string]: unknown;
}

/**
 * The added tokens of a tokenizer.json with those that tokenizer_config.json names beside it, as transformers adds
 * them: the entries of `added_tokens_decoder`, and special tokens, which are special whatever tokenizer.json says. A
 * special token that the vocabulary lacks is left out: the model has no embedding for it.
 */
export function addedTokens(
  own: readonly AddedToken[],
  config: object,
  special: readonly string[],
  idOf: (token: string) => number | undefined,
): AddedToken[] {
  const given = configSchema.parse({
    added_tokens_decoder: {},
    extra_special_tokens: [],
    additional_special_tokens: [],
    ...config,
  });
  const tokens = new Map(own.map((token) => [token.content, token]));
  for (const [id, token] of Object.entries(given.added_tokens_decoder))
    if (!tokens.has(token.content) && Number.isInteger(Number(id)))
      tokens.set(token.content, { special: false, ...flags, ...token, id: Number(id) });
  for (const content of [...special, ...given.extra_special_tokens, ...given.additional_special_tokens]) {
    const known = tokens.get(content);
    const id = known?.id ?? idOf(content);
    if (id !== undefined) tokens.set(content, { ...flags, ...known, id, content, special: true });
  }
  return [...tokens.values()];
}
