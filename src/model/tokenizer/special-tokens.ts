import { z } from 'zod';
import { parseJson } from '../../io/read-json.ts';
import type { SpecialTokens } from './chat-template.ts';
import type { TokenizerFiles } from './tokenizer-files.ts';

const token = z.union([
  z.string(),
  z.looseObject({ content: z.string() }).transform(({ content }) => content),
]);
const specialNames = [
  ...['bos_token', 'eos_token', 'unk_token', 'sep_token', 'pad_token', 'cls_token', 'mask_token'],
] as const;
/** What is read of tokenizer_config.json. */
export const configSchema = z.looseObject({
  ...Object.fromEntries(specialNames.map((name) => [name, token.nullish()])),
  chat_template: z
    .union([z.string(), z.array(z.object({ name: z.string(), template: z.string() }))])
    .nullish(),
});
type TokenizerConfig = z.output<typeof configSchema>;

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
