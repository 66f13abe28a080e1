import { describe, expect, test } from 'vitest';
import { InputError } from '../../../src/errors.ts';
import { parseModelConfig } from '../../../src/model/families/parse-config.ts';
import { tinyJson } from '../tiny-model.ts';

const parse = (change: object, generation?: unknown) =>
  parseModelConfig({ config: { ...tinyJson, ...change }, generation, where: 'm/config.json' });

describe('a config of the Llama family', () => {
  test('left-out fields have the defaults of transformers', () => {
    const { model_type, vocab_size, hidden_size, intermediate_size, num_hidden_layers } = tinyJson;
    const config = {
      model_type,
      vocab_size,
      hidden_size,
      intermediate_size,
      num_hidden_layers,
      num_attention_heads: 2,
    };
    expect(parseModelConfig({ config, where: 'm' })).toMatchObject({
      kvHeads: 2,
      headDim: 4,
      rmsNormEps: 1e-6,
      ropes: [{ theta: 10000, dim: 4, scaling: { type: 'default' } }],
      maxPositionEmbeddings: 2048,
      tieWordEmbeddings: false,
      qkvBias: false,
      outputBias: false,
      mlpBias: false,
      activation: 'silu',
      bosTokenId: 1,
      eosTokenIds: [2],
      padTokenId: null,
    });
  });

  test('every EOS id counts, of config and of generation_config', () => {
    expect(parse({ eos_token_id: 1 }, { eos_token_id: [5, 1, 4] }).eosTokenIds).toEqual([1, 5, 4]);
    expect(parse({ eos_token_id: [7, 8] }).eosTokenIds).toEqual([7, 8]);
    expect(parse({ eos_token_id: null }).eosTokenIds).toEqual([]);
  });

  test('a pad id of -1 is none', () => {
    expect(parse({ pad_token_id: -1 }).padTokenId).toBeNull();
  });

  test('rope scaling reads alike in the old and the new form', () => {
    const llama3 = {
      factor: 8,
      low_freq_factor: 1,
      high_freq_factor: 4,
      original_max_position_embeddings: 8192,
    };
    const old = { rope_parameters: undefined, rope_theta: 5e5 };
    const want = {
      type: 'llama3',
      factor: 8,
      lowFreqFactor: 1,
      highFreqFactor: 4,
      originalMaxPositionEmbeddings: 8192,
    };
    const v4 = parse({ ...old, rope_scaling: { rope_type: 'llama3', ...llama3 } });
    const v5 = parse({ rope_parameters: { rope_type: 'llama3', rope_theta: 5e5, ...llama3 } });
    expect(v4.ropes).toEqual([{ scaling: want, theta: 5e5, dim: 4 }]);
    expect(v5.ropes).toEqual(v4.ropes);
    expect(parse({ ...old, rope_scaling: { type: 'linear', factor: 2 } }).ropes[0]!.scaling).toEqual({
      type: 'linear',
      factor: 2,
    });
  });
});

describe('a config is refused in one line that says why', () => {
  test.each([
    [
      'another architecture',
      { model_type: 'mamba' },
      'model_type "mamba" is not supported; supported: llama',
    ],
    ['no architecture', { model_type: undefined }, 'model_type (missing) is not supported'],
    [
      'an architecture named like a method',
      { model_type: 'toString' },
      'model_type "toString" is not supported',
    ],
    ['another activation', { hidden_act: 'gelu' }, 'hidden_act: Invalid input: expected "silu" (got "gelu")'],
    ['a missing size', { hidden_size: undefined }, 'hidden_size: Invalid input'],
    ['a size of 0', { num_hidden_layers: 0 }, 'num_hidden_layers'],
    [
      'a size in words',
      { vocab_size: 'many' },
      'vocab_size: Invalid input: expected number, received string (got "many")',
    ],
    ['an odd head', { head_dim: 5 }, 'head_dim is 5'],
    [
      'a head that is no whole number',
      { head_dim: null, num_attention_heads: 3, num_key_value_heads: 3 },
      'head_dim is 2.66',
    ],
    [
      'heads that do not divide',
      { num_attention_heads: 3, num_key_value_heads: 2 },
      'num_attention_heads 3 is not a multiple of num_key_value_heads 2',
    ],
    [
      'an EOS id outside the vocabulary',
      { eos_token_id: 12 },
      'eos_token_id 12 is outside the vocabulary of 12',
    ],
    [
      'an unknown rope type',
      { rope_parameters: { rope_type: 'spiral', factor: 2 } },
      'rope type "spiral" is not supported; supported: default, linear, dynamic, llama3, yarn, longrope',
    ],
    [
      'rope scaling without its factor',
      { rope_parameters: { rope_type: 'linear' } },
      'rope type "linear" needs factor',
    ],
    [
      'llama3 factors the wrong way round',
      { rope_parameters: { rope_type: 'llama3', factor: 8, low_freq_factor: 4, high_freq_factor: 1 } },
      'high_freq_factor 1 must be above low_freq_factor 4',
    ],
    ['rotary on a part of the head', { partial_rotary_factor: 0.5 }, 'partial_rotary_factor'],
    ['quantised weights', { quantization_config: { quant_method: 'gptq' } }, 'quantization_config'],
  ])('%s', (_, change, message) => {
    expect(() => parse(change)).toThrow(InputError);
    expect(() => parse(change)).toThrow(message);
    expect(() => parse(change)).toThrow('m/config.json');
  });

  test('no object at all', () => {
    expect(() => parseModelConfig({ config: [1], where: 'm/config.json' })).toThrow(InputError);
  });
});
