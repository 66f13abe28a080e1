import { describe, expect, test } from 'vitest';
import { tokenTexts } from '../../../src/model/tokenizer/token-texts.ts';
import { createTokenizer } from '../../../src/model/tokenizer/tokenizer.ts';

const eos = {
  id: 0,
  content: '</s>',
  single_word: false,
  lstrip: false,
  rstrip: false,
  normalized: false,
  special: true,
};

/** GPT-2's characters for bytes: printable ones are themselves, the others come after 255. */
function byteCharacters(): string[] {
  const printable = (byte: number) => (byte >= 33 && byte <= 126) || (byte >= 161 && byte !== 173);
  let next = 256;
  return Array.from({ length: 256 }, (_, byte) => String.fromCodePoint(printable(byte) ? byte : next++));
}

/** A token for every byte, as byte-level BPE falls back to. */
const bytes = createTokenizer(
  {
    'tokenizer.json': JSON.stringify({
      version: '1.0',
      added_tokens: [eos],
      normalizer: null,
      pre_tokenizer: { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true },
      post_processor: null,
      decoder: { type: 'ByteLevel', add_prefix_space: true, trim_offsets: true, use_regex: true },
      model: {
        type: 'BPE',
        vocab: Object.fromEntries(['</s>', ...byteCharacters()].map((token, id) => [token, id])),
        merges: [],
      },
    }),
    'tokenizer_config.json': JSON.stringify({ eos_token: '</s>' }),
  },
  'bytes',
);

/** Words that begin with a space, which the decoder drops at the beginning of a text, as Llama's does. */
const words = createTokenizer(
  {
    'tokenizer.json': JSON.stringify({
      version: '1.0',
      added_tokens: [eos],
      normalizer: null,
      pre_tokenizer: null,
      post_processor: null,
      decoder: {
        type: 'Sequence',
        decoders: [
          { type: 'Replace', pattern: { String: '▁' }, content: ' ' },
          { type: 'Fuse' },
          { type: 'Strip', content: ' ', start: 1, stop: 0 },
        ],
      },
      model: { type: 'BPE', vocab: { '</s>': 0, '▁one': 1, '▁two': 2, s: 3 }, merges: [] },
    }),
    'tokenizer_config.json': '{}',
  },
  'words',
);

describe('texts of tokens', () => {
  test('joined are the decoded text, whatever the characters', () => {
    for (const text of ['Hello world  twice', 'naïve 漢字 🦊🦊 é', '36-2*8=\n20', ' leading', '']) {
      const ids = bytes.encode(text);
      const texts = tokenTexts(bytes, ids);
      expect(texts).toHaveLength(ids.length);
      expect(texts.join('')).toBe(text);
    }
  });

  test('give a character of several tokens to the last of them', () => {
    expect(tokenTexts(bytes, bytes.encode('a🦊b'))).toEqual(['a', '', '', '', '🦊', 'b']);
  });

  test('show a character that is cut off, and special tokens', () => {
    const ids = [...bytes.encode('a🦊').slice(0, 3), 0];
    expect(tokenTexts(bytes, ids).join('')).toBe(bytes.decode(ids));
    expect(tokenTexts(bytes, ids).at(-1)).toContain('</s>');
    expect(tokenTexts(bytes, bytes.encode('🦊').slice(0, 2)).join('')).toBe('\ufffd');
  });

  test('keep the space that begins a word', () => {
    const ids = [1, 2, 3, 1];
    expect(words.decode(ids)).toBe('one twos one');
    expect(tokenTexts(words, ids)).toEqual(['one', ' two', 's', ' one']);
  });
});
