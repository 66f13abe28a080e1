import { InputError } from '../errors.ts';
import type { Tokenizer } from '../model/tokenizer/tokenizer.ts';
import type { Message } from '../types.ts';

/** What to do with a prompt over the limit: leave its task out, cut the prompt, or stop. */
export const longPromptModes = ['drop', 'cut', 'error'] as const;
export type LongPrompts = (typeof longPromptModes)[number];

/** A prompt that is within its limit. */
export interface FittedPrompt {
  /** The conversation that the policy sees. */
  readonly messages: readonly Message[];
  /** Its ids, rendered by the chat template with the generation prompt. */
  readonly ids: readonly number[];
  /** What was cut: whole messages, and ids in all. Both are 0 for a prompt that fitted as it was. */
  readonly cut: { readonly messages: number; readonly tokens: number };
}

export interface FitOptions {
  readonly tokenizer: Tokenizer;
  /** Ids of a prompt, at most. */
  readonly maxPromptLength: number;
}

/**
 * Fits a conversation into a limit; undefined where it is too long and such prompts are dropped.
 * @throws InputError for a long prompt in mode 'error', and as `cutPrompt` does in mode 'cut'.
 */
export function fitPrompt(
  messages: readonly Message[],
  { longPrompts, ...options }: FitOptions & { readonly longPrompts: LongPrompts },
): FittedPrompt | undefined {
  if (longPrompts === 'cut') return cutPrompt(messages, options);
  const { tokenizer, maxPromptLength } = options;
  const ids = tokenizer.encodeChat(messages);
  if (ids.length <= maxPromptLength) return uncut(messages, ids);
  if (longPrompts === 'drop') return undefined;
  throw new InputError(`the prompt has ${ids.length} tokens, more than the ${maxPromptLength} allowed`);
}

/**
 * Cuts a conversation to a limit. Drops the oldest turns whole, so that it begins with a turn of the user, and keeps
 * the system message. When the last turn alone is too long, cuts the beginning of its text. The template's marks stay,
 * and no token is split.
 * @throws InputError when the template and the system message alone are too long.
 */
export function cutPrompt(messages: readonly Message[], options: FitOptions): FittedPrompt {
  const whole = options.tokenizer.encodeChat(messages);
  if (whole.length <= options.maxPromptLength) return uncut(messages, whole);
  const fitted = withoutOldest(messages, options) ?? withShorterText(latestOf(messages), options);
  const cut = {
    messages: messages.length - fitted.messages.length,
    tokens: whole.length - fitted.ids.length,
  };
  return { ...fitted, cut };
}

const uncut = (messages: readonly Message[], ids: readonly number[]): FittedPrompt => ({
  messages,
  ids,
  cut: { messages: 0, tokens: 0 },
});

type Encoded = Omit<FittedPrompt, 'cut'>;

/** The conversation from the earliest turn on with which it fits; undefined when the latest alone is too long. */
function withoutOldest(messages: readonly Message[], options: FitOptions): Encoded | undefined {
  for (const shorter of shortened(messages)) {
    const ids = options.tokenizer.encodeChat(shorter);
    if (ids.length <= options.maxPromptLength) return { messages: shorter, ids };
  }
  return undefined;
}

const latestOf = (messages: readonly Message[]) => shortened(messages).at(-1) ?? messages;

/** The system messages with what stands from each turn of the user on, longest first. */
function shortened(messages: readonly Message[]): Message[][] {
  const start = startOf(messages);
  const system = messages.slice(0, start);
  const turns = messages.flatMap(({ role }, at) => (at > start && role === 'user' ? [at] : []));
  return turns.map((at) => [...system, ...messages.slice(at)]);
}

/** Index of the first message that is not the system's. */
function startOf(messages: readonly Message[]): number {
  const found = messages.findIndex(({ role }) => role !== 'system');
  return found < 0 ? messages.length - 1 : found;
}

/** Cuts the text of the first turn at its front. */
function withShorterText(messages: readonly Message[], { tokenizer, maxPromptLength }: FitOptions): Encoded {
  const at = startOf(messages);
  const content = tokenizer.encode(messages[at]!.content, { addSpecialTokens: false });
  const withText = (text: string): Encoded => {
    const shorter = messages.map((message, i) => (i === at ? { ...message, content: text } : message));
    return { messages: shorter, ids: tokenizer.encodeChat(shorter) };
  };
  let over = withText(messages[at]!.content).ids.length - maxPromptLength;
  for (let keep = content.length - over; keep > 0; keep -= over) {
    const fitted = withText(wholeCharacters(tokenizer.decode(content.slice(-keep))));
    over = fitted.ids.length - maxPromptLength;
    if (over <= 0) return fitted;
  }
  throw new InputError(
    `the prompt can’t be cut to ${maxPromptLength} tokens: without its oldest turns and the text of the last, it has ${withText('').ids.length}`,
  );
}

/** A text without the rest of a character whose first bytes were cut off. */
const wholeCharacters = (text: string) => text.replace(/^\ufffd+/, '');
