import { describe, expect, test } from 'vitest';
import { linearModules, storedLinears, targetModules } from '../../src/adapter/target-modules.ts';
import { InputError } from '../../src/errors.ts';
import { parseModelConfig } from '../../src/model/families/parse-config.ts';
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

  test('a layer that the checkpoint stores as one stands for its parts, which have names of their own', () => {
    const raw = {
      model_type: 'phi3',
      vocab_size: 9,
      hidden_size: 8,
      intermediate_size: 6,
      num_hidden_layers: 1,
    };
    const phi3 = parseModelConfig({
      config: { ...raw, num_attention_heads: 2, pad_token_id: 0, eos_token_id: 1 },
      where: 'phi3',
    });
    const attention = ['q_proj', 'k_proj', 'v_proj'].map((name) => `model.layers.0.self_attn.${name}`);
    expect(targetModules(phi3, ['qkv_proj'])).toEqual(attention);
    expect(targetModules(phi3, ['k_proj', 'down_proj'])).toEqual([
      attention[1],
      'model.layers.0.mlp.down_proj',
    ]);
    expect(targetModules(phi3, '.*\\.gate_up_proj')).toEqual([
      'model.layers.0.mlp.gate_proj',
      'model.layers.0.mlp.up_proj',
    ]);
    expect(storedLinears(phi3)['model.layers.0.self_attn.qkv_proj']).toEqual(attention);
  });
});
