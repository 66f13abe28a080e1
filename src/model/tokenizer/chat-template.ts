import { InputError } from '../../errors.ts';
import type { Message, TemplateInputs } from '../../types.ts';
import { jinjaTemplate, type Rendered } from './jinja/template.ts';

export interface RenderOptions extends TemplateInputs {
  readonly addGenerationPrompt: boolean;
}

/** Renders a conversation as the text that a model was trained on, with what the template marks as the assistant's. */
export type ChatTemplate = (messages: readonly Message[], options: RenderOptions) => Rendered;

/** Special tokens by the names that templates know them by, such as `bos_token`. */
export type SpecialTokens = Readonly<Record<string, string>>;

/** Templates by name: "default", and perhaps "tool_use" for conversations with tools. */
export type TemplateSources = Readonly<Record<string, string>>;

/**
 * Makes a renderer from Jinja chat templates, in the environment that transformers gives them: trim_blocks,
 * lstrip_blocks, loop controls, `tojson`, `raise_exception`, `strftime_now`, the special tokens, and `documents` as
 * none. A template is parsed at first use. The renderer throws InputError when the template is broken, refuses the
 * conversation, or uses what can't be rendered here.
 */
export function chatTemplate(given: string | TemplateSources, specialTokens: SpecialTokens): ChatTemplate {
  const sources: TemplateSources = typeof given === 'string' ? { default: given } : given;
  const parsed = new Map<string, ReturnType<typeof jinjaTemplate>>();
  const named = (name: string) => {
    const found = parsed.get(name) ?? jinjaTemplate(sources[name]!);
    parsed.set(name, found);
    return found;
  };
  return (messages, { addGenerationPrompt, tools, variables }) => {
    try {
      const name = tools !== undefined && sources.tool_use !== undefined ? 'tool_use' : 'default';
      if (sources[name] === undefined)
        throw new Error(`there is no default among ${Object.keys(sources).join(', ')}`);
      return named(name)({
        ...specialTokens,
        documents: null,
        ...variables,
        messages: messages.map(templateMessage),
        add_generation_prompt: addGenerationPrompt,
        tools: tools ?? null,
      });
    } catch (error) {
      throw new InputError(
        `the chat template failed: ${error instanceof Error ? error.message : error}; roles given: ${messages.map(({ role }) => role).join(', ')}`,
      );
    }
  };
}

/** Names that templates read the assistant's thoughts by. */
const reasoningNames = ['reasoning_content', 'thinking', 'reasoning'];

/** A message as transformers gives it to a template: without empty fields, and its thoughts by every name. */
function templateMessage(message: Message): object {
  const fields = Object.entries(message).filter(([, value]) => value != null);
  const given = Object.fromEntries(fields);
  const reasoning = reasoningNames.map((name) => given[name]).find((value) => value !== undefined);
  return reasoning === undefined ? given : { thinking: reasoning, ...given, reasoning_content: reasoning };
}

/**
 * What stands in for a template in a model without one: a conversation of one user message is its content.
 * @throws InputError for any other conversation, since how to join it would be a guess.
 */
export const plainPrompt: ChatTemplate = (messages) => {
  const [only] = messages;
  if (messages.length === 1 && only?.role === 'user') return { text: only.content, generated: [] };
  throw new InputError(
    `the model has no chat template, so a prompt must be one user message; got ${messages.length} (${messages.map(({ role }) => role).join(', ')})`,
  );
};
