import { InputError } from '../../errors.ts';
import type { Message } from '../../types.ts';
import { jinjaTemplate } from './jinja/template.ts';

/** Renders a conversation as the text that a model was trained on. */
export type ChatTemplate = (
  messages: readonly Message[],
  options: { readonly addGenerationPrompt: boolean },
) => string;

/** Special tokens by the names that templates know them by, such as `bos_token`. */
export type SpecialTokens = Readonly<Record<string, string>>;

/**
 * Makes a renderer from a Jinja chat template, in the environment that transformers gives it: trim_blocks,
 * lstrip_blocks, loop controls, `tojson`, `raise_exception`, `strftime_now`, the special tokens, and `tools` and
 * `documents` as none. The template is parsed at first use. The renderer throws InputError when the template is broken
 * or refuses the conversation.
 */
export function chatTemplate(source: string, specialTokens: SpecialTokens): ChatTemplate {
  let template: ReturnType<typeof jinjaTemplate> | undefined;
  return (messages, { addGenerationPrompt }) => {
    try {
      template ??= jinjaTemplate(source);
      return template({
        ...specialTokens,
        messages: messages.map((message) => ({ ...message })),
        add_generation_prompt: addGenerationPrompt,
        tools: null,
        documents: null,
      }).text;
    } catch (error) {
      throw new InputError(
        `the chat template failed: ${error instanceof Error ? error.message : error}; roles given: ${messages.map(({ role }) => role).join(', ')}`,
      );
    }
  };
}

/**
 * What stands in for a template in a model without one: a conversation of one user message is its content.
 * @throws InputError for any other conversation, since how to join it would be a guess.
 */
export const plainPrompt: ChatTemplate = (messages) => {
  const [only] = messages;
  if (messages.length === 1 && only?.role === 'user') return only.content;
  throw new InputError(
    `the model has no chat template, so a prompt must be one user message; got ${messages.length} (${messages.map(({ role }) => role).join(', ')})`,
  );
};
