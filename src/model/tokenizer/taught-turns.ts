import { InputError } from '../../errors.ts';
import type { Message } from '../../types.ts';
import type { Span } from './jinja/output.ts';
import type { Tokenizer } from './tokenizer.ts';

/** A text as tokens, with 1 where the assistant wrote a token, [T]. */
export interface MaskedText {
  readonly ids: readonly number[];
  readonly mask: readonly number[];
}

type Chat = Pick<
  Tokenizer,
  'encode' | 'decode' | 'encodeChat' | 'renderChat' | 'applyChatTemplate' | 'turnEnd' | 'hasChatTemplate'
>;

/**
 * A whole conversation with the tokens that the template's `{% generation %}` blocks hold: transformers'
 * `return_assistant_tokens_mask`. Undefined for a template without such blocks.
 */
export function markedTurns(tokenizer: Chat, messages: readonly Message[]): MaskedText | undefined {
  const { text, generated } = tokenizer.renderChat(messages, { addGenerationPrompt: false });
  if (generated.length === 0) return undefined;
  const encode = (part: string) => tokenizer.encode(part, { addSpecialTokens: false });
  const ids = encode(text);
  const mask = ids.map(() => 0);
  for (const [start, end] of generated) {
    if (end === start) continue;
    const first = common(encode(text.slice(0, start)), ids);
    mask.fill(1, first, lastOf(ids, encode(text.slice(0, end)), encode(text.slice(end))));
  }
  return { ids, mask };
}

/** How many ids two texts begin with alike. */
function common(some: readonly number[], others: readonly number[]): number {
  const differs = some.findIndex((id, i) => id !== others[i]);
  return differs < 0 ? some.length : differs;
}

/** Where a stretch ends: after the token that holds its last character. */
function lastOf(ids: readonly number[], before: readonly number[], after: readonly number[]): number {
  if (common(before, ids) === before.length) return before.length;
  return ids.length - common(after.toReversed(), ids.toReversed());
}

/** A text that some turns are taught in, with their stretches. */
interface Shared {
  readonly text: string;
  readonly spans: Span[];
}

/**
 * A conversation as the texts that teach every turn of the assistant, each turn once. The tokens of a turn are its text
 * and the mark that ends it.
 *
 * A template with `{% generation %}` blocks says what the assistant wrote. With any other, a turn is what the template
 * adds to the prompt before it. Turns share a text as long as what follows leaves them as they were. A template may
 * write earlier turns differently, such as without what was thought: then a turn is taught in a text of its own, as the
 * model wrote it when it was the last.
 * @throws InputError when the template refuses the conversation, or does not show a turn that calls tools after its
 * prompt.
 */
export function taughtTurns(tokenizer: Chat, messages: readonly Message[]): MaskedText[] {
  // Without a template a prompt is one user message, and what follows it the only turn.
  if (!tokenizer.hasChatTemplate) return [turnApart(tokenizer, messages.slice(0, -1), messages.at(-1)!)];
  const marked = markedTurns(tokenizer, messages);
  if (marked !== undefined) return [marked];
  const mark = tokenizer.decode(tokenizer.turnEnd());
  const texts: Shared[] = [];
  const apart: MaskedText[] = [];
  const turns = messages.flatMap(({ role }, at) => (role === 'assistant' && at > 0 ? [at] : []));
  for (const at of turns.toReversed()) {
    const turn = shownTurn(tokenizer, messages.slice(0, at + 1), mark);
    if (turn === undefined) {
      apart.unshift(turnApart(tokenizer, messages.slice(0, at), messages[at]!));
      continue;
    }
    const shared = texts.find(({ text }) => text.startsWith(turn.text));
    if (shared === undefined) texts.unshift({ text: turn.text, spans: [turn.span] });
    else shared.spans.unshift(turn.span);
  }
  return [...apart, ...texts.map((shared) => encodeShared(tokenizer, shared, mark))];
}

/** A conversation up to the end of its last turn, and where that turn stands; undefined where its prompt is another. */
function shownTurn(
  tokenizer: Chat,
  conversation: readonly Message[],
  mark: string,
): { readonly text: string; readonly span: Span } | undefined {
  const prompt = tokenizer.applyChatTemplate(conversation.slice(0, -1), { addGenerationPrompt: true });
  const whole = tokenizer.applyChatTemplate(conversation, { addGenerationPrompt: false });
  if (!whole.startsWith(prompt)) return undefined;
  const ended = mark === '' ? -1 : whole.lastIndexOf(mark);
  const end = ended < prompt.length ? whole.length : ended + mark.length;
  return end === prompt.length ? undefined : { text: whole.slice(0, end), span: [prompt.length, end] };
}

/** A turn after its prompt, where the template writes it otherwise: its text as it stands, and the mark of its end. */
function turnApart(tokenizer: Chat, before: readonly Message[], turn: Message): MaskedText {
  if (turn.tool_calls !== undefined)
    throw new InputError(
      'the chat template does not show a turn that calls tools after the generation prompt, so it can’t be taught',
    );
  const prompt = tokenizer.encodeChat(before, { addGenerationPrompt: true });
  const ids = [...tokenizer.encode(turn.content, { addSpecialTokens: false }), ...tokenizer.turnEnd()];
  return { ids: [...prompt, ...ids], mask: [...prompt.map(() => 0), ...ids.map(() => 1)] };
}

/** Each stretch is encoded by itself: the model reads a prompt, and goes on after it. */
function encodeShared(tokenizer: Chat, { text, spans }: Shared, mark: string): MaskedText {
  const ids: number[] = [];
  const mask: number[] = [];
  const add = (part: readonly number[], own: 0 | 1) => {
    ids.push(...part);
    mask.push(...part.map(() => own));
  };
  const encode = (start: number, end: number) =>
    tokenizer.encode(text.slice(start, end), { addSpecialTokens: false });
  let at = 0;
  for (const [start, end] of spans) {
    add(encode(at, start), 0);
    add(encode(start, end), 1);
    at = end;
  }
  // A template that doesn't mark the end of a turn leaves it to the tokenizer's end token.
  if (!text.endsWith(mark)) add(tokenizer.turnEnd(), 1);
  return { ids, mask };
}
