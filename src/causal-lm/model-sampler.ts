import type { Sampler } from '../rollout/sampler.ts';
import { seenPrompt } from '../rollout/seen-prompt.ts';
import type { CausalLM } from './causal-lm.ts';

/** Samples episodes from a loaded model. */
export function modelSampler(model: CausalLM): Sampler {
  return {
    maxPositions: model.config.maxPositionEmbeddings,
    sample: async (requests, { groupSize: n, maxPromptLength, ...options }) => {
      const { tokenizer } = model;
      const prompts = requests.map((request) => seenPrompt(request, { tokenizer, maxPromptLength }));
      const inputIds = prompts.map(({ promptIds }) => promptIds);
      const completions = await model.generate({ ...options, n, inputIds });
      return completions.map((completion, b) => {
        const group = Math.floor(b / n);
        return { ...prompts[group]!, ...completion, group, beta: 0, policyVersion: 0 };
      });
    },
    extend: (inputIds, { groupSize: _, maxPromptLength: __, ...options }) =>
      model.generate({ ...options, n: 1, inputIds }),
    between: (conversation, { tokenIds }, said) =>
      model.tokenizer.encodeBetween(conversation, tokenIds, said),
  };
}
