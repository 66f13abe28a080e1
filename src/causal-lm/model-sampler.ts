import { turnEndIds } from '../model/end-tokens.ts';
import type { Sampler } from '../rollout/sampler.ts';
import { seenPrompt } from '../rollout/seen-prompt.ts';
import { scoredSequences, type TextScorer } from '../rollout/text-scorer.ts';
import type { TemplateInputs } from '../types.ts';
import type { CausalLM } from './causal-lm.ts';

/** Samples episodes from a loaded model, and scores given texts. `inputs` are what its chat template is given. */
export function modelSampler(model: CausalLM, inputs: TemplateInputs = {}): Sampler & TextScorer {
  const tokenizer = model.tokenizer.withTemplate(inputs);
  return {
    maxPositions: model.config.maxPositionEmbeddings,
    sample: async (requests, { groupSize: n, maxPromptLength, ...options }) => {
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
    scoreTexts: async (requests, options) => {
      const { config } = model;
      const positions = config.maxPositionEmbeddings;
      const encoding = { tokenizer, endIds: turnEndIds(config, tokenizer), positions };
      return model.continuationLogprobs(scoredSequences(requests, options, encoding), options.size);
    },
    between: (conversation, { tokenIds }, said) => tokenizer.encodeBetween(conversation, tokenIds, said),
  };
}
