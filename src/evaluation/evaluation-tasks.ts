import { promptOf } from '../environment/ask-environment.ts';
import { setAside } from '../environment/set-aside.ts';
import { firstTasks } from '../environment/task-source.ts';
import { InputError } from '../errors.ts';
import type { Recipe } from '../recipe/recipe.ts';
import type { SampleRequest } from '../rollout/sampler.ts';
import type { Task, TaskPart } from '../types.ts';

/**
 * The tasks that an evaluation answers: the first `eval.tasks` of a split whose prompts are used.
 * @param uses whether a prompt is used, by `sampling.longPrompts`.
 * @throws InputError when the split has none, or nothing is set aside for validation.
 */
export async function evaluationTasks(
  { env, eval: { tasks: count, validationShare }, sampling }: Recipe,
  split: TaskPart,
  uses: (request: SampleRequest) => boolean,
): Promise<Task[]> {
  if (split === 'validation' && validationShare === 0)
    throw new InputError('no training task is set aside for validation: set eval.validationShare');
  const pool = setAside(env, validationShare);
  if (sampling.longPrompts === 'cut') return firstTasks(pool, split, { count });
  return firstTasks(pool, split, { count, suits: (task) => uses({ task, messages: promptOf(env, task) }) });
}
