import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { loadTokenizer, type Tokenizer } from '../../../src/model/tokenizer/tokenizer.ts';

interface Recorded {
  readonly tokens: Readonly<Record<string, string>>;
  readonly template: string;
  /** What each beginning of the ids decodes to. */
  readonly prefixes: { readonly ids: number[]; readonly decoded: string[] };
  readonly cases: readonly {
    readonly text: string;
    readonly ids: number[];
    readonly with_special: number[];
    readonly decoded: string;
    readonly decoded_skipping_special: string;
  }[];
}

/** Recorded from the tokenizers whose metadata the files have: record.py beside them. */
const folder = 'test/fixtures/own/gguf-tokenizers';
const names = readdirSync(folder)
  .filter((name) => name.endsWith('.gguf'))
  .map((name) => name.slice(0, -'.gguf'.length));

describe.each(names)('%s, from the metadata of a GGUF file', (name) => {
  const { cases, tokens, prefixes }: Recorded = JSON.parse(
    readFileSync(join(folder, `${name}.json`), 'utf8'),
  );
  let made: Tokenizer;
  beforeAll(async () => {
    made = await loadTokenizer(join(folder, `${name}.gguf`));
  });

  test.each(cases.map((each) => [JSON.stringify(each.text).slice(0, 60), each] as const))('%s', (_, each) => {
    expect(made.encode(each.text, { addSpecialTokens: false })).toEqual(each.ids);
    expect(made.encode(each.text)).toEqual(each.with_special);
    expect(made.decode(each.ids)).toBe(each.decoded);
    expect(made.decode(each.ids, { skipSpecialTokens: true })).toBe(each.decoded_skipping_special);
  });

  test('ids cut within a character', () => {
    expect(prefixes.ids.map((_, i) => made.decode(prefixes.ids.slice(0, i + 1)))).toEqual(prefixes.decoded);
  });

  test('end token and chat template', () => {
    expect(made.eosTokenId).toBe(made.tokenId(tokens.eos_token!));
    expect(made.applyChatTemplate([{ role: 'user', content: 'hi' }])).toBe(
      `${tokens.bos_token}user: hi${tokens.eos_token}`,
    );
  });
});
