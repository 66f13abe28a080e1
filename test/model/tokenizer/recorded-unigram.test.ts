import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { createTokenizer } from '../../../src/model/tokenizer/tokenizer.ts';
import { type Json, knownFields } from '../../golden/golden-files.ts';

const golden: Json = JSON.parse(readFileSync('test/fixtures/unigram/cases.json', 'utf8'));
knownFields(golden, ['versions', 'kinds'], 'cases.json');

describe.each(golden.kinds as Json[])('a Unigram model with $name', ({ tokenizer: json, texts }) => {
  const tokenizer = createTokenizer({ 'tokenizer.json': JSON.stringify(json) }, 'm');

  test.each(texts as Json[])('$text', ({ text, ids, decoded }) => {
    expect(tokenizer.encode(text, { addSpecialTokens: false })).toEqual(ids);
    expect(tokenizer.decode(ids)).toBe(decoded);
  });
});
