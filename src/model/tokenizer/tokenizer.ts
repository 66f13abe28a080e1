import { InputError } from '../../errors.ts';
import type { Message, TemplateInputs } from '../../types.ts';
import {
  type ChatTemplate,
  chatTemplate,
  plainPrompt,
  type RenderOptions,
  type SpecialTokens,
} from './chat-template.ts';
import type { Rendered } from './jinja/template.ts';
import { configOf, specialTokens } from './special-tokens.ts';
import { templateSources } from './template-sources.ts';
import type { TextStream } from './text-stream.ts';
import { decodeIds, openTokenizerCore, type TokenizerCore } from './tokenizer-core.ts';
import { readTokenizerFiles, type TokenizerFiles } from './tokenizer-files.ts';
import { promptText, type RenderText, textAfterTurn } from './turns.ts';

/** How a conversation is rendered; `addGenerationPrompt` left out is as `applyChatTemplate` says. */
export interface ChatOptions extends TemplateInputs {
  readonly addGenerationPrompt?: boolean;
}

/** A token as it is shown. */
export interface TokenView {
  readonly text: string;
  readonly bytes: readonly number[];
}

/** Text ↔ token ids, and conversations → prompts. */
export interface Tokenizer {
  /** Ids are below this; the model's own vocabulary may be padded beyond it. */
  readonly vocabSize: number;
  /** The id of tokenizer_config's eos_token. */
  readonly eosTokenId: number | undefined;
  readonly hasChatTemplate: boolean;
  /** The files it was made from, for saving them with a model. */
  readonly files: TokenizerFiles;
  /**
   * Ids of a text. A special token written in the text becomes its id. `addSpecialTokens` (true, as in transformers)
   * lets the tokenizer add its BOS or EOS, if it has that habit.
   * @throws InputError when the text holds something the vocabulary has no token for, not even an unknown token.
   */
  encode(text: string, options?: { readonly addSpecialTokens?: boolean }): number[];
  /**
   * Text of ids, spaces left as they are. An incomplete UTF-8 sequence gives U+FFFD, so a text that grows token by
   * token is settled up to a trailing U+FFFD. Ids without a token give nothing.
   */
  decode(ids: readonly number[], options?: { readonly skipSpecialTokens?: boolean }): string;
  /** The text of ids that come one by one, which `decode` gives of all of them, in a time that does not grow. */
  stream(options?: { readonly skipSpecialTokens?: boolean }): TextStream;
  /**
   * What a token by itself adds to a text that goes on: its text, special tokens as they are written, and its bytes. Of
   * an incomplete character the text is U+FFFD.
   */
  tokenView(id: number): TokenView;
  tokenId(token: string): number | undefined;
  /**
   * Renders a conversation as a prompt: one that ends with a turn of the assistant is continued, any other gets the
   * generation prompt; `addGenerationPrompt`, where it is given, decides as in transformers, and nothing is continued.
   * Without a chat template, a conversation of one user message is that message's content. `tools` and `variables` are
   * the template's.
   * @throws InputError when the template refuses the conversation, or there is none and the conversation is longer.
   */
  applyChatTemplate(messages: readonly Message[], options?: ChatOptions): string;
  /** Ids of a conversation as `applyChatTemplate` renders it. */
  encodeChat(messages: readonly Message[], options?: ChatOptions): number[];
  /** A conversation as the template renders it, with the stretches that its `{% generation %}` blocks mark. */
  renderChat(messages: readonly Message[], options: RenderOptions): Rendered;
  /** The same tokenizer, whose template is given these tools and variables where none are named. */
  withTemplate(inputs: TemplateInputs): Tokenizer;
  /**
   * Ids that end an assistant's turn: what the template puts after its text, up to the first special token. The
   * tokenizer's end token where the template puts none, or there is no template; empty where there is no such token
   * either.
   * @throws InputError when the template refuses a conversation of one user's and one assistant's turn.
   */
  turnEnd(): readonly number[];
  /**
   * Ids between an assistant's turn and its next one: the mark that ends the turn, unless `turn` has it already; the
   * messages that were said; and the generation prompt. `turn` follows the conversation, or continues its last message
   * if that is the assistant's.
   * @throws InputError when the template refuses the conversation, or changes what stands before such messages.
   */
  encodeBetween(
    conversation: readonly Message[],
    turn: readonly number[],
    said: readonly Message[],
  ): number[];
}

/**
 * Loads the tokenizer of a model folder or .gguf file.
 * @throws InputError when there is none, or it is of a kind that is not supported.
 */
export async function loadTokenizer(path: string): Promise<Tokenizer> {
  return createTokenizer(await readTokenizerFiles(path), path);
}

/**
 * Makes a tokenizer from the text of its files.
 * @throws InputError naming `where` when a file is malformed or the tokenizer is of a kind that is not supported.
 */
export function createTokenizer(files: TokenizerFiles, where: string): Tokenizer {
  const config = configOf(files, where);
  const special = specialTokens(files, config, where);
  const core = openTokenizerCore(files['tokenizer.json'], { config, special: Object.values(special) }, where);
  const sources = templateSources(files, config.chat_template);
  const render = sources === undefined ? plainPrompt : chatTemplate(sources, special);
  return tokenizerOf({ files, where, core, special, render, hasChatTemplate: sources !== undefined }, {});
}

interface Parts {
  readonly files: TokenizerFiles;
  readonly where: string;
  readonly core: TokenizerCore;
  readonly special: SpecialTokens;
  readonly render: ChatTemplate;
  readonly hasChatTemplate: boolean;
}

function tokenizerOf(parts: Parts, inputs: TemplateInputs): Tokenizer {
  const { files, where, core, special, hasChatTemplate } = parts;
  const tokenId = (token: string) => core.token_to_id(token);
  const encode: Tokenizer['encode'] = (text, { addSpecialTokens = true } = {}) => {
    const { ids, tokens } = core.encode(text, { add_special_tokens: addSpecialTokens });
    return ids.map((id, i) => {
      if (id !== undefined) return id;
      throw new InputError(`the tokenizer of ${where} has no token for ${JSON.stringify(tokens[i])}`);
    });
  };
  const decode: Tokenizer['decode'] = (ids, { skipSpecialTokens = false } = {}) =>
    decodeIds(core, ids, skipSpecialTokens);
  const eosTokenId = special.eos_token === undefined ? undefined : tokenId(special.eos_token);
  const renderChat: Tokenizer['renderChat'] = (messages, options) =>
    parts.render(messages, { ...inputs, ...options });
  const render: RenderText = (messages, options) => renderChat(messages, options).text;
  const applyChatTemplate: Tokenizer['applyChatTemplate'] = (messages, options = {}) => {
    const { addGenerationPrompt, ...given } = options;
    if (addGenerationPrompt !== undefined)
      return renderChat(messages, { ...given, addGenerationPrompt }).text;
    return promptText((some, own) => renderChat(some, { ...given, ...own }).text, messages);
  };
  return {
    vocabSize: 1 + [...core.get_vocab().values()].reduce((a, b) => Math.max(a, b), -1),
    eosTokenId,
    hasChatTemplate,
    files,
    encode,
    decode,
    stream: ({ skipSpecialTokens = false } = {}) => core.stream(skipSpecialTokens),
    tokenView: (id) => viewOf(core, id),
    tokenId,
    applyChatTemplate,
    renderChat,
    withTemplate: (more) => tokenizerOf(parts, { ...inputs, ...more }),
    encodeChat: (messages, options) =>
      // A template writes its own BOS; a plain prompt gets what any text gets.
      encode(applyChatTemplate(messages, options), { addSpecialTokens: !hasChatTemplate }),
    turnEnd: () => {
      const tail = !hasChatTemplate ? '' : textAfterTurn(render, [{ role: 'user', content: 'a' }], []);
      const ids = encode(tail, { addSpecialTokens: false });
      const end = ids.findIndex((id) => isSpecial(decode, id));
      if (end >= 0) return ids.slice(0, end + 1);
      return eosTokenId === undefined ? [] : [eosTokenId];
    },
    encodeBetween: (conversation, turn, said) => {
      const tail = textAfterTurn(render, conversation, said);
      const last = turn.slice(-1);
      const mark = last[0] !== undefined && isSpecial(decode, last[0]) ? decode(last) : '';
      return encode(tail.startsWith(mark) ? tail.slice(mark.length) : tail, { addSpecialTokens: false });
    },
  };
}

/** Special tokens are those that decode to nothing when they are skipped. */
const isSpecial = (decode: Tokenizer['decode'], id: number): boolean =>
  decode([id], { skipSpecialTokens: true }) === '' && decode([id]) !== '';

const utf8 = new TextEncoder();

function viewOf(core: TokenizerCore, id: number): TokenView {
  // Alone, some decoders drop a space that begins a word: other text goes before.
  const stream = core.stream(false);
  let settled = '';
  for (const before of core.encode('a', { add_special_tokens: false }).ids)
    if (before !== undefined) settled += stream.push(before);
  const { length } = settled + stream.rest();
  const text = (settled + stream.push(id) + stream.rest()).slice(length);
  return { text, bytes: core.bytesOf(id) ?? [...utf8.encode(text)] };
}
