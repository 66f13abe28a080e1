import { promptOf } from '../environment/ask-environment.ts';
import { chosenTasks } from '../environment/chosen-tasks.ts';
import { setAside } from '../environment/set-aside.ts';
import { readsFiles } from '../environment/shuffled.ts';
import { firstTasks } from '../environment/task-source.ts';
import { InputError } from '../errors.ts';
import type { Recipe } from '../recipe/recipe.ts';
import type { SampleRequest } from '../rollout/sampler.ts';
import type { Task, TaskPart } from '../types.ts';

/**
 * The tasks that an evaluation answers: `eval.tasks` of a split whose prompts are used. Of an environment that reads
 * files they are chosen at random, by `eval.seed`, unless its order is kept; else they are the first ones.
 * @param uses whether a prompt is used, by `sampling.longPrompts`.
 * @throws InputError when the split has none, or nothing is set aside for validation.
 */
export async function evaluationTasks(
  { env, eval: { tasks: count, validationShare, seed }, sampling }: Recipe,
  split: TaskPart,
  uses: (request: SampleRequest) => boolean,
): Promise<Task[]> {
  if (split === 'validation' && validationShare === 0)
    throw new InputError('no training task is set aside for validation: set eval.validationShare');
  const pool = setAside(env, validationShare);
  const limits = sampling.longPrompts !== 'cut';
  const suits = (task: Task) => !limits || uses({ task, messages: promptOf(env, task) });
  if (sampling.shuffle && readsFiles(env)) return chosenTasks(pool, split, { count, seed, suits });
  return firstTasks(pool, split, { count, suits });
}
