import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { createTokenizer } from '../../../src/model/tokenizer/tokenizer.ts';
import { type Json, knownFields } from '../../golden/golden-files.ts';

const golden: Json = JSON.parse(readFileSync('test/fixtures/own/tokenizers/cases.json', 'utf8'));
knownFields(golden, ['versions', 'kinds'], 'cases.json');

describe.each(golden.kinds as Json[])('a tokenizer as of $name', ({ tokenizer: json, texts }) => {
  const tokenizer = createTokenizer({ 'tokenizer.json': JSON.stringify(json) }, 'm');

  test.each((texts as Json[]).map((each) => [JSON.stringify(each.text), each] as const))(
    'has the ids and texts of the original: %s',
    (_, { text, ids, decoded, skipped }) => {
      expect(tokenizer.encode(text)).toEqual(ids);
      expect(tokenizer.decode(ids)).toBe(decoded);
      expect(tokenizer.decode(ids, { skipSpecialTokens: true })).toBe(skipped);
    },
  );
});
