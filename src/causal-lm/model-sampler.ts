import type { Sampler } from '../rollout/sampler.ts';
import type { CausalLM } from './causal-lm.ts';

/** Plays episodes with a loaded model. */
export function modelSampler(model: CausalLM): Sampler {
  return {
    maxPositions: model.config.maxPositionEmbeddings,
    sample: async (requests, { groupSize: n, maxPromptLength, ...options }) => {
      const inputIds = requests.map(({ messages }) => model.encodePrompt(messages).slice(-maxPromptLength));
      const completions = await model.generate({ ...options, n, inputIds });
      return requests.map((request, p) => ({
        ...request,
        promptIds: inputIds[p]!,
        rollouts: completions
          .slice(p * n, (p + 1) * n)
          .map((completion) => ({ ...completion, beta: 0, policyVersion: 0 })),
      }));
    },
    extend: (inputIds, { groupSize: _, maxPromptLength: __, ...options }) =>
      model.generate({ ...options, n: 1, inputIds }),
    between: (conversation, { tokenIds }, said) =>
      model.tokenizer.encodeBetween(conversation, tokenIds, said),
  };
}
