import type { HostTensor } from '../../src/engine/engine.ts';
import type { ModelConfig } from '../../src/model/config/model-config.ts';
import { parseModelConfig } from '../../src/model/families/parse-config.ts';
import { expectedTensors } from '../../src/model/weights/expected-tensors.ts';
import { randomStream } from '../../src/random.ts';

/** config.json of a Llama of a few hundred parameters. */
export const tinyJson = {
  architectures: ['LlamaForCausalLM'],
  model_type: 'llama',
  vocab_size: 12,
  hidden_size: 8,
  intermediate_size: 6,
  num_hidden_layers: 2,
  num_attention_heads: 2,
  num_key_value_heads: 1,
  head_dim: 4,
  rms_norm_eps: 1e-5,
  rope_parameters: { rope_type: 'default', rope_theta: 10000 },
  max_position_embeddings: 64,
  tie_word_embeddings: false,
  attention_bias: true,
  mlp_bias: true,
  hidden_act: 'silu',
  bos_token_id: 0,
  eos_token_id: 1,
  pad_token_id: 2,
  dtype: 'bfloat16',
};

export const tinyConfig: ModelConfig = parseModelConfig({
  config: tinyJson,
  generation: { eos_token_id: [1, 3] },
  where: 'tiny',
});

/** Random weights for a config, the same on every call. */
export function randomWeights(config: ModelConfig): Record<string, HostTensor & { data: Float32Array }> {
  const random = randomStream(1, 'weights');
  const weights: Record<string, HostTensor & { data: Float32Array }> = {};
  for (const [name, shape] of Object.entries(expectedTensors(config))) {
    const length = shape.reduce((a, b) => a * b, 1);
    weights[name] = {
      data: Float32Array.from({ length }, () => random.next() - 0.5),
      shape,
      dtype: 'float32',
    };
  }
  return weights;
}
