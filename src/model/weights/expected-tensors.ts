import type { ModelConfig } from '../config/model-config.ts';

/**
 * Shape of every weight that a config asks for, in the order of Hugging Face's state dict. Linear weights are [out,
 * in]. Linear layers that the checkpoint stores as one stand here apart, as everywhere but in files.
 */
export function expectedTensors(config: ModelConfig): Record<string, number[]> {
  const { hiddenSize: hidden, intermediateSize: inner, vocabSize, heads, kvHeads, headDim } = config;
  const { qkvBias, mlpBias } = config;
  const shapes: Record<string, number[]> = { 'model.embed_tokens.weight': [vocabSize, hidden] };
  const linear = (name: string, [output, input]: [number, number], bias: boolean) => {
    shapes[`${name}.weight`] = [output, input];
    if (bias) shapes[`${name}.bias`] = [output];
  };
  for (let i = 0; i < config.layers; i++) {
    const layer = `model.layers.${i}`;
    linear(`${layer}.self_attn.q_proj`, [heads * headDim, hidden], qkvBias);
    linear(`${layer}.self_attn.k_proj`, [kvHeads * headDim, hidden], qkvBias);
    linear(`${layer}.self_attn.v_proj`, [kvHeads * headDim, hidden], qkvBias);
    linear(`${layer}.self_attn.o_proj`, [hidden, heads * headDim], config.outputBias);
    for (const each of config.queryKeyNorms ? ['q_norm', 'k_norm'] : [])
      shapes[`${layer}.self_attn.${each}.weight`] = [headDim];
    linear(`${layer}.mlp.gate_proj`, [inner, hidden], mlpBias);
    linear(`${layer}.mlp.up_proj`, [inner, hidden], mlpBias);
    linear(`${layer}.mlp.down_proj`, [hidden, inner], mlpBias);
    for (const each of layerNorms(config)) shapes[`${layer}.${each}.weight`] = [hidden];
  }
  shapes['model.norm.weight'] = [hidden];
  if (!config.tieWordEmbeddings) shapes['lm_head.weight'] = [vocabSize, hidden];
  return shapes;
}

/** The norms of a layer. With output norms, post_attention_layernorm is attention's, and the MLP has two of its own. */
const layerNorms = ({ outputNorms }: ModelConfig): string[] => [
  'input_layernorm',
  'post_attention_layernorm',
  ...(outputNorms ? ['pre_feedforward_layernorm', 'post_feedforward_layernorm'] : []),
];
