import { promptOf } from '../environment/ask-environment.ts';
import { firstTasks } from '../environment/task-source.ts';
import type { Recipe } from '../recipe/recipe.ts';
import type { SampleRequest } from '../rollout/sampler.ts';
import type { Split, Task } from '../types.ts';

/**
 * The tasks that an evaluation answers: the first `eval.tasks` of a split whose prompts are used.
 * @param uses whether a prompt is used, by `sampling.longPrompts`.
 * @throws InputError when the split has none.
 */
export function evaluationTasks(
  { env, eval: { tasks: count }, sampling }: Recipe,
  split: Split,
  uses: (request: SampleRequest) => boolean,
): Promise<Task[]> {
  if (sampling.longPrompts === 'cut') return firstTasks(env, split, { count });
  return firstTasks(env, split, { count, suits: (task) => uses({ task, messages: promptOf(env, task) }) });
}
