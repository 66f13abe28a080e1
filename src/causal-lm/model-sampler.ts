import { cutPrompt } from '../rollout/fit-prompt.ts';
import type { Sampler } from '../rollout/sampler.ts';
import type { CausalLM } from './causal-lm.ts';

/** Plays episodes with a loaded model. */
export function modelSampler(model: CausalLM): Sampler {
  return {
    maxPositions: model.config.maxPositionEmbeddings,
    sample: async (requests, { groupSize: n, maxPromptLength, ...options }) => {
      const prompts = requests.map(({ messages }) =>
        cutPrompt(messages, { tokenizer: model.tokenizer, maxPromptLength }),
      );
      const completions = await model.generate({ ...options, n, inputIds: prompts.map(({ ids }) => ids) });
      return requests.map((request, p) => ({
        ...request,
        messages: prompts[p]!.messages,
        promptIds: prompts[p]!.ids,
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
