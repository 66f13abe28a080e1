import { InputError } from '../../errors.ts';
import type { Message } from '../../types.ts';
import { strip } from './jinja/values/strip.ts';

/** Renders a conversation, with or without the generation prompt. */
export type RenderText = (
  messages: readonly Message[],
  options: { readonly addGenerationPrompt: boolean },
) => string;

/** Stands for the text of a turn, of which only the end matters. */
const TURN = 'q7Turn7q';

/**
 * The text that the policy continues: with the generation prompt, or, of a conversation that ends with a turn of the
 * assistant, up to that turn's text, as transformers' `continue_final_message` has it.
 * @throws InputError when the template refuses the conversation, or does not show the turn.
 */
export function promptText(render: RenderText, messages: readonly Message[]): string {
  const last = messages.at(-1);
  if (last?.role !== 'assistant') return render(messages, { addGenerationPrompt: true });
  // A template that trims a turn trims this mark's space, too, and then the space before the mark.
  const mark = `${TURN} `;
  const marked: Message[] = [...messages.slice(0, -1), { ...last, content: last.content + mark }];
  const text = render(marked, { addGenerationPrompt: false });
  const end = text.lastIndexOf(TURN);
  if (end < 0 || !text.includes(strip(last.content, 'strip')))
    throw new InputError(
      `the conversation ends with a turn of the assistant, to be continued, but the chat template leaves part of it out: ${JSON.stringify(last.content)}`,
    );
  return text.startsWith(mark, end) ? text.slice(0, end) : strip(text.slice(0, end), 'rstrip');
}

/**
 * What the template puts after the text of an assistant's turn that follows a conversation: the end of the turn, and
 * what is said then.
 * @throws InputError when the template refuses the conversation, or does not show a turn once as it stands.
 */
export function textAfterTurn(
  render: RenderText,
  conversation: readonly Message[],
  said: readonly Message[],
): string {
  const messages = [...withTurn(conversation), ...said];
  const text =
    said.length === 0 ? render(messages, { addGenerationPrompt: false }) : promptText(render, messages);
  const [, tail, ...more] = text.split(TURN);
  if (tail === undefined || more.length > 0)
    throw new InputError('the chat template does not render an assistant’s turn once, as it stands');
  return tail;
}

/** A turn goes on where the conversation ends with the assistant's. */
function withTurn(conversation: readonly Message[]): readonly Message[] {
  const last = conversation.at(-1);
  if (last?.role !== 'assistant') return [...conversation, { role: 'assistant', content: TURN }];
  return [...conversation.slice(0, -1), { ...last, content: last.content + TURN }];
}
