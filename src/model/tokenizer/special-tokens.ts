import { z } from 'zod';
import { parseJson } from '../../io/read-json.ts';
import type { SpecialTokens } from './chat-template.ts';
import { templateSources } from './template-sources.ts';
import type { TokenizerFiles } from './tokenizer-files.ts';

const token = z.union([
  z.string(),
  z.looseObject({ content: z.string() }).transform(({ content }) => content),
]);
const specialNames = [
  ...['bos_token', 'eos_token', 'unk_token', 'sep_token', 'pad_token', 'cls_token', 'mask_token'],
] as const;
const configSchema = z.looseObject({
  ...Object.fromEntries(specialNames.map((name) => [name, token.nullish()])),
  chat_template: z
    .union([z.string(), z.array(z.object({ name: z.string(), template: z.string() }))])
    .nullish(),
});
type TokenizerConfig = z.output<typeof configSchema>;

/**
 * The special tokens that a tokenizer's files name.
 * @throws InputError when a file is malformed.
 */
export function specialTokensOf(files: TokenizerFiles): SpecialTokens {
  return specialTokens(files, configOf(files, 'the tokenizer'), 'the tokenizer');
}

/** The chat template of plain conversations; undefined without one. @throws InputError when a file is malformed. */
export function chatTemplateOf(files: TokenizerFiles): string | undefined {
  return templateSources(files, configOf(files, 'the tokenizer').chat_template)?.default;
}

/** What is read of tokenizer_config.json. @throws InputError naming `where` when it is malformed. */
export function configOf(files: TokenizerFiles, where: string): TokenizerConfig {
  return parseJson(files['tokenizer_config.json'] ?? '{}', configSchema, `${where}: tokenizer_config.json`);
}

/** tokenizer_config.json has them; older models have them in special_tokens_map.json. */
export function specialTokens(files: TokenizerFiles, config: TokenizerConfig, where: string): SpecialTokens {
  const map = parseJson(
    files['special_tokens_map.json'] ?? '{}',
    configSchema,
    `${where}: special_tokens_map.json`,
  );
  const found = specialNames.map((name) => [name, config[name] ?? map[name]] as const);
  return Object.fromEntries(
    found.filter((pair): pair is readonly [(typeof pair)[0], string] => pair[1] != null),
  );
}
