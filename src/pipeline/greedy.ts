import type { Recipe } from '../config.ts';
import type { CausalLM } from '../model/causal-lm.ts';
import type { Completer, PolicySnapshot, SampleOptions } from '../policy/policy.ts';

/** Greedy decoding with a recipe's limits; nothing else of its sampling applies. */
function greedyOptions({ sampling }: Recipe): SampleOptions {
  const { maxNewTokens, maxPromptLength, stop } = sampling;
  const off = { temperature: 0, topP: 1, topK: 0, minP: 0, seed: 0 };
  return { groupSize: 1, maxNewTokens, maxPromptLength, stop, ...off };
}

/** Greedy completions from a policy at one moment. */
export function greedyPolicy(policy: PolicySnapshot, recipe: Recipe): Completer {
  const options = greedyOptions(recipe);
  return async (prompts) => {
    const requests = prompts.map((messages, i) => ({ task: { id: String(i) }, messages }));
    return (await policy.sample(requests, options)).map((group) => group.rollouts[0]!);
  };
}

/** Greedy completions from a loaded model. */
export function greedyModel(model: CausalLM, recipe: Recipe): Completer {
  const { groupSize, ...options } = greedyOptions(recipe);
  return (prompts) => model.generate({ ...options, n: groupSize, prompts });
}
