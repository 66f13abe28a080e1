import { describe, expect, test } from 'vitest';
import { InputError } from '../../../src/errors.ts';
import { parseModelConfig } from '../../../src/model/families/parse-config.ts';

const sizes = {
  vocab_size: 100,
  hidden_size: 64,
  intermediate_size: 96,
  num_hidden_layers: 7,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  head_dim: 16,
  bos_token_id: 0,
  eos_token_id: 1,
  pad_token_id: 2,
};
const parse = (model_type: string, fields: object = {}) =>
  parseModelConfig({ config: { model_type, ...sizes, ...fields }, where: 'm/config.json' });
const windowsOf = (...given: Parameters<typeof parse>) =>
  parse(...given).layerForms.map(({ window }) => window);
const ropesOf = (...given: Parameters<typeof parse>) => parse(...given).layerForms.map(({ rope }) => rope);

describe('which layers see a window', () => {
  test('Mistral: all, unless the config has none', () => {
    expect(windowsOf('mistral', { sliding_window: 8 })).toEqual(Array(7).fill(8));
    expect(windowsOf('mistral', { sliding_window: null })).toEqual(Array(7).fill(null));
    expect(windowsOf('mistral')).toEqual(Array(7).fill(4096));
  });

  test('Qwen: from max_window_layers on, and only with use_sliding_window', () => {
    const fields = { sliding_window: 8, max_window_layers: 5 };
    expect(windowsOf('qwen2', fields)).toEqual(Array(7).fill(null));
    const sliding = [null, null, null, null, null, 8, 8];
    expect(windowsOf('qwen2', { ...fields, use_sliding_window: true })).toEqual(sliding);
    expect(windowsOf('qwen3', { ...fields, use_sliding_window: true })).toEqual(sliding);
  });

  test('Gemma 2: every other one; Gemma 3: five of six, with a rotary embedding of their own', () => {
    expect(windowsOf('gemma2', { sliding_window: 8 })).toEqual([8, null, 8, null, 8, null, 8]);
    expect(windowsOf('gemma3_text', { sliding_window: 8 })).toEqual([8, 8, 8, 8, 8, null, 8]);
    expect(ropesOf('gemma3_text')).toEqual([1, 1, 1, 1, 1, 0, 1]);
    expect(parse('gemma3_text').ropes.map(({ theta }) => theta)).toEqual([1_000_000, 10_000]);
  });

  test('layer_types decide where they are given', () => {
    const layer_types = ['full_attention', ...Array(6).fill('sliding_attention')];
    const expected = [null, 8, 8, 8, 8, 8, 8];
    expect(windowsOf('gemma2', { sliding_window: 8, layer_types })).toEqual(expected);
    expect(windowsOf('qwen3', { sliding_window: 8, use_sliding_window: true, layer_types })).toEqual(
      expected,
    );
  });
});

test('SmolLM3: every fourth layer has no rotary embedding, or those that no_rope_layers marks with 0', () => {
  expect(ropesOf('smollm3')).toEqual([0, 0, 0, null, 0, 0, 0]);
  expect(ropesOf('smollm3', { no_rope_layers: [0, 1, 1, 1, 1, 1, 0] })).toEqual([null, 0, 0, 0, 0, 0, null]);
});

test('Phi with longrope reads texts as long as its first training had', () => {
  const rope_scaling = { type: 'longrope', short_factor: Array(8).fill(1), long_factor: Array(8).fill(4) };
  const lengths = { max_position_embeddings: 131072, original_max_position_embeddings: 4096 };
  expect(parse('phi3', { ...lengths, rope_scaling }).maxPositionEmbeddings).toBe(4096);
  expect(parse('phi3', lengths).maxPositionEmbeddings).toBe(131072);
});

describe('a config is refused in one line that says why', () => {
  test.each([
    ['gemma3', {}, 'model_type "gemma3" is not supported (it reads images too; take a text model'],
    ['gemma2', { layer_types: ['full_attention'] }, 'layer_types has 1 entries, the model 7 layers'],
    ['gemma2', { layer_types: Array(7).fill('chunked_attention') }, 'layer_types'],
    ['gemma3_text', { use_bidirectional_attention: true }, 'only causal attention is supported'],
    ['gemma2', { hidden_activation: 'relu' }, 'hidden_activation'],
    ['smollm3', { no_rope_layers: [1, 1] }, 'no_rope_layers has 2 entries'],
    ['phi3', { rope_scaling: { type: 'longrope', long_factor: [1] } }, 'needs short_factor with 8 numbers'],
    ['phi3', { partial_rotary_factor: 0.2 }, 'partial_rotary_factor rotates 3 of 16 dimensions'],
    ['qwen3', { num_hidden_layers: 1e9 }, 'num_hidden_layers'],
    ['qwen2', { max_position_embeddings: 1e9 }, 'max_position_embeddings'],
  ])('%s %j', (model_type, fields, message) => {
    expect(() => parse(model_type, fields)).toThrow(InputError);
    expect(() => parse(model_type, fields)).toThrow(message);
  });
});
