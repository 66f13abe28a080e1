import { describe, expect, test } from 'vitest';
import { endTokenIds, endTokensDiffer, turnEndIds } from '../../src/model/end-tokens.ts';
import { parseModelConfig } from '../../src/model/families/parse-config.ts';
import { createTokenizer } from '../../src/model/tokenizer/tokenizer.ts';
import { tinyJson } from './tiny-model.ts';

const tokens = ['<s>', '</s>', '<turn>', '<end>', 'a'];

function tokenizer(config: object = {}, template?: string) {
  const vocab = Object.fromEntries(tokens.map((token, id) => [token, id]));
  const added = tokens.slice(0, 4).map((content, id) => ({ id, content, special: true, normalized: false }));
  return createTokenizer(
    {
      'tokenizer.json': JSON.stringify({
        added_tokens: added,
        normalizer: null,
        pre_tokenizer: null,
        post_processor: null,
        decoder: { type: 'Fuse' },
        model: { type: 'BPE', vocab, merges: [] },
      }),
      'tokenizer_config.json': JSON.stringify(config),
      ...(template !== undefined && { 'chat_template.jinja': template }),
    },
    'm',
  );
}

const config = (eos: unknown, generation: unknown = null, ggufEnds: number[] = []) =>
  parseModelConfig({
    config: { ...tinyJson, eos_token_id: eos },
    generation: generation === null ? null : { eos_token_id: generation },
    ggufEnds,
    where: 'm',
  });

const chatml = '{% for m in messages %}<turn>{{ m.content }}<end>\n{% endfor %}'.replace('\n', 'a');

describe('the ids that end a text', () => {
  test('are all that config, generation_config, the tokenizer, GGUF metadata and the template name', () => {
    expect(endTokenIds(config(1), tokenizer())).toEqual([1]);
    expect(endTokenIds(config(1, [1, 0]), tokenizer({ eos_token: '<turn>' }, chatml))).toEqual([1, 0, 2, 3]);
    expect(endTokenIds(config(null, null, [3]), tokenizer())).toEqual([3]);
  });

  test('are ids that the model has', () => {
    const small = parseModelConfig({ config: { ...tinyJson, vocab_size: 2 }, where: 'm' });
    expect(endTokenIds(small, tokenizer({ eos_token: '<end>' }))).toEqual([1]);
  });

  test('leave out a template that refuses the simplest conversation', () => {
    const refusing = "{{ raise_exception('no') }}";
    expect(endTokenIds(config(1), tokenizer({ eos_token: '</s>' }, refusing))).toEqual([1]);
  });
});

describe('where they differ one line says so', () => {
  test('with what each names', () => {
    expect(endTokensDiffer(config(1, [1, 0], [1]), tokenizer({ eos_token: '<turn>' }, chatml))).toBe(
      'end tokens differ: config.json 1 ("</s>"); generation_config.json 1 ("</s>"), 0 ("<s>"); GGUF metadata 1 ("</s>"); the tokenizer 2 ("<turn>"); the chat template 3 ("<end>"). Completions stop at all of them',
    );
  });

  test('and where they agree, or only one names any, none does', () => {
    expect(endTokensDiffer(config(3, [3]), tokenizer({ eos_token: '<end>' }, chatml))).toBeUndefined();
    expect(endTokensDiffer(config(null), tokenizer())).toBeUndefined();
    expect(endTokensDiffer(config([1, 2]), tokenizer())).toBeUndefined();
  });
});

describe('the ids that end a turn, to be taught,', () => {
  test('are the chat template’s, else the tokenizer’s end token, else the config’s first', () => {
    const named = { eos_token: '<turn>' };
    expect(turnEndIds(config([1, 0]), tokenizer(named, chatml))).toEqual([3]);
    expect(turnEndIds(config([1, 0]), tokenizer(named, chatml.replace('<end>', 'a<end>')))).toEqual([4, 3]);
    expect(turnEndIds(config([1, 0]), tokenizer(named))).toEqual([2]);
    expect(turnEndIds(config([1, 0]), tokenizer())).toEqual([1]);
    expect(turnEndIds(config(null), tokenizer())).toEqual([]);
  });

  test('are not those of a template that refuses the simplest conversation, nor ids that the model lacks', () => {
    const refusing = "{{ raise_exception('no') }}";
    expect(turnEndIds(config(1), tokenizer({ eos_token: '<turn>' }, refusing))).toEqual([2]);
    const small = parseModelConfig({ config: { ...tinyJson, vocab_size: 2 }, where: 'm' });
    expect(turnEndIds(small, tokenizer({ eos_token: '<turn>' }, chatml))).toEqual([1]);
  });
});
