import { InputError } from '../errors.ts';
import { randomStream } from '../random.ts';
import type { Task, TaskPart } from '../types.ts';
import { MOST_TASKS, noTasks, readTasks, refuseEndless, type TaskPool } from './task-source.ts';

interface Choice {
  readonly key: number;
  readonly index: number;
  readonly task: Task;
}

/**
 * `count` tasks of a part that suit, chosen at random by the seed, in the part's order; all of them when there are
 * fewer. Each task draws a number, and the smallest are chosen: the tasks are read once, and few are held.
 * @throws InputError when there are none, or when tasks don't end.
 */
export async function chosenTasks(
  pool: TaskPool,
  part: TaskPart,
  {
    count,
    seed,
    suits = () => true,
  }: { readonly count: number; readonly seed: number; readonly suits?: (task: Task) => boolean },
): Promise<Task[]> {
  const random = randomStream(seed, 'choice of tasks');
  let chosen: Choice[] = [];
  let [index, most] = [0, Number.POSITIVE_INFINITY];
  for await (const task of readTasks(pool, part)) {
    const key = random.next();
    if (index++ >= MOST_TASKS) refuseEndless(pool, part);
    if (key >= most || !suits(task)) continue;
    chosen.push({ key, index, task });
    if (chosen.length < 2 * count) continue;
    chosen = smallest(chosen, count);
    most = chosen.at(-1)!.key;
  }
  if (index === 0) throw new InputError(noTasks(pool, part));
  if (chosen.length === 0)
    throw new InputError(
      `none of the ${index} ${part} tasks of env "${pool.name}" has a prompt within sampling.maxPromptLength`,
    );
  return smallest(chosen, count)
    .sort((a, b) => a.index - b.index)
    .map(({ task }) => task);
}

const smallest = (choices: readonly Choice[], count: number): Choice[] =>
  choices.toSorted((a, b) => a.key - b.key).slice(0, count);
