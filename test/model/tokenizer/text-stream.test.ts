import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createTokenizer, loadTokenizer, type Tokenizer } from '../../../src/model/tokenizer/tokenizer.ts';
import { type Json, noSmollm2, smollm2 } from '../../golden/golden-files.ts';

const recorded = ['test/fixtures/own/tokenizers/cases.json', 'test/fixtures/unigram/cases.json'].flatMap(
  (path): [string, () => Promise<Tokenizer>][] =>
    (JSON.parse(readFileSync(path, 'utf8')).kinds as Json[]).map(({ name, tokenizer }) => [
      name,
      async () => createTokenizer({ 'tokenizer.json': JSON.stringify(tokenizer) }, 'm'),
    ]),
);
const folder = 'test/fixtures/own/gguf-tokenizers';
const metadata = readdirSync(folder)
  .filter((name) => name.endsWith('.gguf'))
  .map((name): [string, () => Promise<Tokenizer>] => [name, () => loadTokenizer(join(folder, name))]);

/** A tokenizer with a decoder of one's own. */
const withDecoder = (decoder: object | null, model: object = {}) =>
  createTokenizer(
    {
      'tokenizer.json': JSON.stringify({
        version: '1.0',
        added_tokens: [{ id: 0, content: '</s>', special: true }].map((token) => ({
          single_word: false,
          lstrip: false,
          rstrip: false,
          normalized: false,
          ...token,
        })),
        normalizer: null,
        pre_tokenizer: null,
        post_processor: null,
        decoder,
        model: { type: 'BPE', vocab, merges: [], ...model },
      }),
    },
    'own',
  );
const vocab = Object.fromEntries(
  [
    ...['</s>', '▁one', '▁', '▁▁two', 's', ' ', '  ', '##ing', 'n</w>', "'s", ' .', 'one', '�'],
    ...[0xe4, 0xbd, 0xa0, 0xc3, 0xa9, 0x41, 0xff].map((byte) => `<0x${byte.toString(16).toUpperCase()}>`),
  ].map((token, id) => [token, id]),
);
const replace = { type: 'Replace', pattern: { String: '▁' }, content: ' ' };
const [fuse, bytes] = [{ type: 'Fuse' }, { type: 'ByteFallback' }];
const strip = (start: number, stop = 0) => ({ type: 'Strip', content: ' ', start, stop });
const sequence = (...decoders: object[]) => ({ type: 'Sequence', decoders });
const metaspace = { type: 'Metaspace', replacement: '▁', prepend_scheme: 'always', split: true };
const wordPiece = { type: 'WordPiece', prefix: '##', cleanup: true };
const made: [string, object | null, object?][] = [
  ['no decoder', null],
  ['fused pieces', fuse],
  ['a strip of three spaces', sequence(replace, bytes, fuse, strip(3))],
  ['two strips', sequence(replace, fuse, strip(1), strip(2))],
  ['a strip of each piece', sequence(replace, strip(1, 1), bytes)],
  ['bytes, then metaspace', sequence(bytes, metaspace)],
  ['word pieces', wordPiece],
];
/** Their text may change far back. */
const lookingBack: [string, object | null, object?][] = [
  ['a strip at the end', sequence(replace, fuse, strip(0, 2))],
  ['a replacement in the whole text', sequence(fuse, replace)],
  ['a suffix of words', { type: 'BPEDecoder', suffix: '</w>' }, { end_of_word_suffix: '</w>' }],
  ['CTC', { type: 'CTC', pad_token: '▁', word_delimiter_token: 's', cleanup: true }],
];

/** Ids of the vocabulary and some beyond it, repeated and in runs, special tokens and bytes as often as others. */
function idsOf(tokenizer: Tokenizer): fc.Arbitrary<number[]> {
  const known = Array.from({ length: tokenizer.vocabSize }, (_, id) => id);
  const text = (id: number) => tokenizer.decode([id]);
  const groups = [
    known,
    known.filter((id) => tokenizer.decode([id], { skipSpecialTokens: true }) === ''),
    known.filter((id) => text(id).includes('\ufffd')),
    known.filter((id) => /^\s/.test(text(id))),
    [tokenizer.vocabSize, tokenizer.vocabSize + 7],
  ].filter((group) => group.length > 0);
  return fc.array(fc.oneof(...groups.map((group) => fc.constantFrom(...group))), { maxLength: 24 });
}

/** All texts that a stream shows, one for each beginning of the ids; and how much of the last is settled. */
function streamed(tokenizer: Tokenizer, ids: readonly number[], skipSpecialTokens: boolean) {
  const stream = tokenizer.stream({ skipSpecialTokens });
  let settled = '';
  const texts = [stream.rest()];
  for (const id of ids) {
    settled += stream.push(id);
    texts.push(settled + stream.rest());
  }
  return { texts, settled };
}

function check(tokenizer: Tokenizer, ids: readonly number[]): void {
  for (const skipSpecialTokens of [false, true]) {
    const anew = [...ids, 0].map((_, n) => tokenizer.decode(ids.slice(0, n), { skipSpecialTokens }));
    expect(streamed(tokenizer, ids, skipSpecialTokens).texts).toEqual(anew);
  }
}

const every: [string, () => Promise<Tokenizer>][] = [
  ...recorded,
  ...metadata,
  ['the embedded model', () => loadTokenizer('models/tiny')],
  ...[...made, ...lookingBack].map(([name, ...rest]): [string, () => Promise<Tokenizer>] => [
    name,
    async () => withDecoder(...rest),
  ]),
];

describe.each(every)('the text of ids one by one is that of decoding anew: %s', (_, load) => {
  test('for ids at random', async () => {
    const tokenizer = await load();
    fc.assert(
      fc.property(idsOf(tokenizer), (ids) => check(tokenizer, ids)),
      { numRuns: 200, seed: 14 },
    );
  });

  test('for texts', async () => {
    const tokenizer = await load();
    for (const text of ['one two  three', '  naïve 你好 🦊🦊 é\n', '36-2*8=\n20', '', "it 's one ."]) {
      try {
        check(tokenizer, tokenizer.encode(text));
      } catch (error) {
        if (!(error instanceof Error && error.message.includes('has no token'))) throw error;
      }
    }
  });
});

test.skipIf(smollm2 === undefined)(`SmolLM2’s tokenizer, too (${noSmollm2})`, async () => {
  const tokenizer = await loadTokenizer(smollm2!);
  fc.assert(
    fc.property(idsOf(tokenizer), (ids) => check(tokenizer, ids)),
    { numRuns: 200, seed: 14 },
  );
});

test.each([...recorded, ...metadata])('all but the last bytes are settled: %s', async (_, load) => {
  const tokenizer = await load();
  const ids = tokenizer.encode('abc abc abc abc');
  const { texts, settled } = streamed(tokenizer, ids, true);
  expect(texts.at(-1)!.length - settled.length).toBeLessThan(4);
});

test.each(lookingBack)('nothing is settled where the text may change far back: %s', (_, ...rest) => {
  const tokenizer = withDecoder(...rest);
  expect(streamed(tokenizer, [1, 2, 3, 4], false).settled).toBe('');
});
