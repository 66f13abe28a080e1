import { describe, expect, test } from 'vitest';
import { linearModules, targetModules } from '../../src/adapter/target-modules.ts';
import { InputError } from '../../src/errors.ts';
import { tinyConfig } from '../model/decoder-programs.ts';

const config = tinyConfig({ tie_word_embeddings: false, attention_bias: true });
const inLayer = (layer: number, ...names: string[]) => names.map((name) => `model.layers.${layer}.${name}`);

describe('targetModules', () => {
  test("'all-linear' is every linear layer but the head and the embeddings", () => {
    const names = ['q', 'k', 'v', 'o'].map((name) => `self_attn.${name}_proj`);
    const mlp = ['gate', 'up', 'down'].map((name) => `mlp.${name}_proj`);
    const expected = [...inLayer(0, ...names, ...mlp), ...inLayer(1, ...names, ...mlp)];
    expect(targetModules(config, 'all-linear')).toEqual(expected);
    expect(linearModules(config)['model.layers.0.mlp.down_proj']).toEqual([12, 14]);
  });

  test('names match whole last parts of a path, in the order of the model', () => {
    expect(targetModules(config, ['v_proj', 'self_attn.q_proj'])).toEqual([
      ...inLayer(0, 'self_attn.q_proj', 'self_attn.v_proj'),
      ...inLayer(1, 'self_attn.q_proj', 'self_attn.v_proj'),
    ]);
    expect(targetModules(config, ['model.layers.1.mlp.up_proj'])).toEqual(inLayer(1, 'mlp.up_proj'));
  });

  test('a string is a regular expression for the whole path', () => {
    expect(targetModules(config, '.*\\.1\\.mlp\\.(up|down)_proj')).toEqual(
      inLayer(1, 'mlp.up_proj', 'mlp.down_proj'),
    );
    expect(() => targetModules(config, 'q_proj')).toThrow('/q_proj/ on the whole path matches nothing');
  });

  test('names that the model lacks are passed over, as long as one is there', () => {
    expect(targetModules(config, ['c_attn', 'v_proj', 'query_key_value'])).toEqual([
      ...inLayer(0, 'self_attn.v_proj'),
      ...inLayer(1, 'self_attn.v_proj'),
    ]);
  });

  test.each(['lm_head', 'embed_tokens', 'input_layernorm', 'model.norm'])(
    'a module that is there and can’t be adapted is an error: %s',
    (name) => {
      expect(() => targetModules(config, ['q_proj', name])).toThrow(InputError);
      expect(() => targetModules(config, ['q_proj', name])).toThrow(
        /can't be adapted; the linear layers are/,
      );
    },
  );

  test('a tied head is no exception', () => {
    const tied = tinyConfig({ tie_word_embeddings: true });
    expect(() => targetModules(tied, ['q_proj', 'lm_head'])).toThrow(/"lm_head" can't be adapted/);
  });

  test.each([[['qkv_proj', 'c_attn']], [['proj']], [['lm_head']], ['no such.*'], ['(']])(
    'what matches nothing is an input error that lists what there is: %j',
    (target) => {
      expect(() => targetModules(config, target)).toThrow(InputError);
    },
  );

  test('the error names the culprit and the linear layers', () => {
    expect(() => targetModules(config, ['c_attn', 'qkv_proj'])).toThrow(
      'targetModules: "c_attn", "qkv_proj" matches nothing; the linear layers are q_proj, k_proj, v_proj, o_proj, gate_proj, up_proj, down_proj (whole paths as model.layers.0.self_attn.q_proj)',
    );
  });
});
