import type { GeneratedToken, TokenProb } from '../../model-service.ts';

/** What stands for a log-prob of −∞, which JSON does not have: OpenAI's number. */
const LEAST = -9999;

const finite = (logprob: number): number => Math.max(logprob, LEAST);

const probOf = ({ text, bytes, logprob }: TokenProb) => ({ token: text, logprob: finite(logprob), bytes });

/** Log-probs as /v1/chat/completions gives them. */
export const chatLogprobs = (tokens: readonly GeneratedToken[]) => ({
  content: tokens.map((token) => ({ ...probOf(token), top_logprobs: token.top.map(probOf) })),
  refusal: null,
});

/** Where a token stands in a text, in characters (code points). */
export class Offsets {
  #characters = 0;

  next({ bytes }: TokenProb): number {
    const begun = this.#characters;
    this.#characters += bytes.filter(begins).length;
    return bytes.length > 0 && !begins(bytes[0]!) ? Math.max(0, begun - 1) : begun;
  }
}

/** Whether a byte of UTF-8 begins a character. */
const begins = (byte: number): boolean => (byte & 0xc0) !== 0x80;

/** A token whose log-prob may be unknown: the first of a prompt. */
export type ScoredToken =
  | GeneratedToken
  | (Omit<GeneratedToken, 'logprob'> & { readonly logprob: undefined });

/** Log-probs as /v1/completions gives them. @param offsets where the tokens before them ended. */
export const completionLogprobs = (tokens: readonly ScoredToken[], offsets: Offsets) => ({
  tokens: tokens.map(({ text }) => text),
  token_logprobs: tokens.map(({ logprob }) => (logprob === undefined ? null : finite(logprob))),
  top_logprobs: tokens.map((token) => (token.logprob === undefined ? null : topOf(token))),
  text_offset: tokens.map((token) => offsets.next({ ...token, logprob: 0 })),
});

/** The likeliest tokens by their texts, and the token itself. Of tokens with the same text the likelier counts. */
function topOf(token: GeneratedToken): Readonly<Record<string, number>> {
  const top = new Map<string, number>();
  for (const { text, logprob } of [...token.top, token]) if (!top.has(text)) top.set(text, finite(logprob));
  return Object.fromEntries(top);
}
