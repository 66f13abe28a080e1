import { z } from 'zod';
import { defineFamily } from './common.ts';
import { biasFacts, llamaModules } from './gguf-form.ts';

/** Fields of the families whose attention and MLP may have biases, on all of their linear layers. */
export const biasFields = {
  attention_bias: z.boolean().default(false),
  mlp_bias: z.boolean().default(false),
};

/** Llama 2 and 3, SmolLM, SmolLM2, and whoever copies them. https://arxiv.org/abs/2407.21783 */
export const llama = defineFamily({
  gguf: {
    architecture: 'llama',
    modelClass: 'LlamaForCausalLM',
    layer: llamaModules,
    interleavesHeads: true,
    fields: {},
    config: biasFacts,
  },
  fields: biasFields,
  form: ({ attention_bias: bias, mlp_bias: mlpBias }) => ({ qkvBias: bias, outputBias: bias, mlpBias }),
});
