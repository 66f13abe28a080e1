import { z } from 'zod';

/**
 * Steps of @huggingface/tokenizers whose results are not those of tokenizers, mended in the objects that it made: how
 * `ByteLevel` and `Split` cut a text, that `Metaspace` cuts at all, and what decoders make of bytes and spaces.
 */

const stepSchema = z.looseObject({
  type: z.string(),
  pretokenizers: z.array(z.unknown()).default([]),
  decoders: z.array(z.unknown()).default([]),
  behavior: z.string().default('Removed'),
  invert: z.boolean().default(false),
  split: z.boolean().default(true),
  prepend_scheme: z.string().default('always'),
  add_prefix_space: z.boolean().optional(),
});

/** What is used of a pre-tokenizer of the library. */
interface PreTokenizer {
  pattern?: RegExp | null;
  readonly tokenizers?: readonly PreTokenizer[];
  pre_tokenize_text(text: string, options?: unknown): string[];
}

/** What is used of a decoder of the library. */
interface Decoder {
  readonly decoders?: readonly Decoder[];
  decode_chain(tokens: string[]): string[];
}

/**
 * GPT-2's pattern: contractions, words, numbers, symbols, each with the space before it, and runs of white space, which
 * is Unicode's: U+0085 is, U+FEFF is not.
 */
const gpt2 =
  /'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?(?:(?!\p{White_Space})[^\p{L}\p{N}])+|\p{White_Space}+(?!\P{White_Space})|\p{White_Space}+/gu;

/** Mends a pre-tokenizer that was made from `spec`. */
export function mendPreTokenizer(step: PreTokenizer | null, spec: unknown): void {
  const { success, data } = stepSchema.safeParse(spec);
  if (!success || step === null) return;
  if (data.type === 'Sequence')
    for (const [i, inner] of data.pretokenizers.entries())
      mendPreTokenizer(step.tokenizers?.[i] ?? null, inner);
  if (data.type === 'ByteLevel') step.pattern = gpt2;
  const { pattern } = step;
  if (data.type === 'Split' && pattern != null) step.pre_tokenize_text = (text) => split(text, pattern, data);
  if (data.type === 'Metaspace' && data.split) {
    const marked = step.pre_tokenize_text.bind(step);
    // The mark begins a word.
    const mark = String((step as { replacement?: unknown }).replacement ?? '▁');
    step.pre_tokenize_text = (text, options) =>
      marked(text, options).flatMap((all) => split(all, mark, { behavior: 'MergedWithNext', invert: false }));
  }
}

/** Cuts a text at matches of a pattern, which are kept, joined with a neighbour, or left out. */
function split(
  text: string,
  pattern: RegExp | string,
  { behavior, invert }: { readonly behavior: string; readonly invert: boolean },
): string[] {
  const parts = cut(text, pattern).map(({ text, matches }) => ({ text, delimits: matches !== invert }));
  const pieces: string[] = [];
  let joins = false;
  for (const [i, part] of parts.entries()) {
    const previous = parts[i - 1];
    const toPrevious =
      (behavior === 'MergedWithPrevious' && part.delimits && previous?.delimits === false) ||
      (behavior === 'Contiguous' && previous?.delimits === part.delimits) ||
      joins;
    joins = behavior === 'MergedWithNext' && part.delimits && parts[i + 1]?.delimits === false;
    if (behavior === 'Removed' && part.delimits) continue;
    if (toPrevious) pieces.push(pieces.pop()! + part.text);
    else pieces.push(part.text);
  }
  return pieces;
}

/** A text as matches and what stands between them. */
function cut(text: string, pattern: RegExp | string): { readonly text: string; readonly matches: boolean }[] {
  const parts: { text: string; matches: boolean }[] = [];
  let at = 0;
  const every = typeof pattern === 'string' ? placesOf(text, pattern) : text.matchAll(pattern);
  for (const { 0: match, index } of every) {
    if (match === '') continue;
    if (index > at) parts.push({ text: text.slice(at, index), matches: false });
    parts.push({ text: match, matches: true });
    at = index + match.length;
  }
  return at < text.length ? [...parts, { text: text.slice(at), matches: false }] : parts;
}

function placesOf(text: string, word: string): { readonly 0: string; readonly index: number }[] {
  const places: { 0: string; index: number }[] = [];
  for (let at = text.indexOf(word); at >= 0; at = text.indexOf(word, at + word.length))
    places.push({ 0: word, index: at });
  return places;
}

/** Mends a decoder that was made from `spec`. */
export function mendDecoder(step: Decoder | null, spec: unknown): void {
  const { success, data } = stepSchema.safeParse(spec);
  if (!success || step === null) return;
  if (data.type === 'Sequence')
    for (const [i, inner] of data.decoders.entries()) mendDecoder(step.decoders?.[i] ?? null, inner);
  if (data.type === 'ByteFallback') step.decode_chain = bytesToText;
  if (data.type === 'Metaspace') {
    const mark = String((step as { replacement?: unknown }).replacement ?? '▁');
    const prefixed = data.prepend_scheme !== 'never' && data.add_prefix_space !== false;
    // Marks of the first token are the prefix that was put before a text. A space that is no mark stays.
    step.decode_chain = (tokens) =>
      tokens.map((token, i) => token.replaceAll(mark, i === 0 && prefixed ? '' : ' '));
  }
}

/** The byte that a byte token, <0x0A>, stands for. */
export function byteOf(token: string): number | undefined {
  const [, hex] = /^<0x([\da-fA-F]{2})>$/.exec(token) ?? [];
  return hex === undefined ? undefined : Number.parseInt(hex, 16);
}

/** Runs of byte tokens, <0x0A>, as text. Bytes that are no UTF-8 are U+FFFD each. */
export function bytesToText(tokens: readonly string[]): string[] {
  const texts: string[] = [];
  let bytes: number[] = [];
  const flush = () => {
    if (bytes.length > 0) texts.push(textOf(bytes));
    bytes = [];
  };
  for (const token of tokens) {
    const byte = byteOf(token);
    if (byte !== undefined) bytes.push(byte);
    else {
      flush();
      texts.push(token);
    }
  }
  flush();
  return texts;
}

function textOf(bytes: readonly number[]): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Uint8Array.from(bytes));
  } catch {
    return '\ufffd'.repeat(bytes.length);
  }
}
