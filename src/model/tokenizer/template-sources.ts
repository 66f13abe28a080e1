import type { TemplateSources } from './chat-template.ts';
import { ADDITIONAL_TEMPLATES, type TokenizerFiles } from './tokenizer-files.ts';

/** `chat_template` of tokenizer_config.json: a template, or several by name. */
type ConfigTemplate =
  | string
  | readonly { readonly name: string; readonly template: string }[]
  | null
  | undefined;

/**
 * A model's chat templates by name; undefined for a model without any. chat_template.jinja is the default before the
 * one of tokenizer_config.json, and files of additional_chat_templates have the others.
 */
export function templateSources(files: TokenizerFiles, config: ConfigTemplate): TemplateSources | undefined {
  const listed = typeof config === 'string' ? [{ name: 'default', template: config }] : (config ?? []);
  const additional = Object.entries(files)
    .filter(([file]) => file.startsWith(ADDITIONAL_TEMPLATES))
    .map(([file, text]) => [file.slice(ADDITIONAL_TEMPLATES.length).replace(/\.jinja$/, ''), text] as const);
  const own = files['chat_template.jinja'];
  const sources = {
    ...Object.fromEntries(listed.map(({ name, template }) => [name, template])),
    ...(own !== undefined && { default: own }),
    ...Object.fromEntries(additional),
  };
  return Object.keys(sources).length === 0 ? undefined : sources;
}
