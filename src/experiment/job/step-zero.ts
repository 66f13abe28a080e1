import { promptOf } from '../../environment/ask-environment.ts';
import { evaluationTasks } from '../../evaluation/evaluation-tasks.ts';
import type { CreatePolicy, Policy } from '../../policy/policy.ts';
import type { Recipe } from '../../recipe/recipe.ts';
import type { Rollout, Task } from '../../types.ts';

/** Prompts whose tokens are compared. */
const PROMPTS = 16;

/**
 * Log-probs (nats) of the tokens of the first held-out prompts under the policy before its first step, [tokens]. Methods
 * that begin as the same policy give the same numbers.
 */
export async function stepZeroLogprobs(createPolicy: CreatePolicy, recipe: Recipe): Promise<number[]> {
  const policy = await createPolicy(recipe);
  try {
    const tasks = await evaluationTasks(
      { ...recipe, eval: { ...recipe.eval, tasks: Math.min(PROMPTS, recipe.eval.tasks) } },
      recipe.eval.split,
      (request) => policy.usesPrompt(request),
    );
    const texts = tasks.map((task, group) => promptAsText(policy, recipe, task, group));
    return (await policy.logprobs(texts)).flatMap((row) => [...row]);
  } finally {
    await policy.dispose();
  }
}

/** A prompt as a text to score: its first token is given, the others are what is scored. */
function promptAsText(policy: Policy, { env }: Recipe, task: Task, group: number): Rollout {
  const messages = promptOf(env, task);
  const { promptIds } = policy.seenPrompt({ task, messages });
  const tokenIds = promptIds.slice(1);
  return {
    task,
    messages,
    group,
    promptIds: promptIds.slice(0, 1),
    tokenIds,
    logprobs: tokenIds.map(() => 0),
    text: '',
    finishReason: 'eos',
    beta: policy.beta,
    policyVersion: 0,
  };
}
