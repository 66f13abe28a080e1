import { InputError } from '../errors.ts';
import { randomStream, sampleIndices } from '../random.ts';
import type { Environment, Task, TaskPart } from '../types.ts';
import { MOST_TASKS, refuseEndless, type TaskPool } from './task-source.ts';

/** Characters of tasks, as JSON, that are held at a time. */
const ROOM = 128e6;

export interface ShuffleOptions {
  readonly seed: number;
  /** Characters of tasks, as JSON, that are held at a time: memory, not results. */
  readonly room?: number;
}

/** Whether an environment's tasks come from data files. */
export const readsFiles = ({ files = [] }: Pick<Environment, 'files'>): boolean => files.length > 0;

/**
 * Tasks in a random order of the whole part, another one in each pass: a permutation of their indices, which depends on
 * the seed, the pass and their number alone. A resumed run finds it again. Tasks that take more room than there is are
 * read anew for each part of the order that fits, so memory holds indices and some of the tasks.
 * @throws InputError while tasks are read, when they don't end.
 */
export function shuffled(pool: TaskPool, { seed, room = ROOM }: ShuffleOptions): TaskPool {
  return {
    name: pool.name,
    tasks: (part, pass = 0) => inOrder(pool, { part, pass, after: 0 }, { seed, room }),
    tasksAfter: (part, pass, after) => inOrder(pool, { part, pass, after }, { seed, room }),
  };
}

interface Place {
  readonly part: TaskPart;
  readonly pass: number;
  /** Tasks of the pass that are passed over. */
  readonly after: number;
}

async function* inOrder(
  pool: TaskPool,
  { part, pass, after }: Place,
  { seed, room }: Required<ShuffleOptions>,
): AsyncGenerator<Task> {
  const { count, size, held } = await readAll(pool, { part, pass }, room);
  if (after > count)
    throw new InputError(
      `env "${pool.name}" has ${count} ${part} tasks, but the checkpoint had read ${after}: its data has changed`,
    );
  const order = sampleIndices(randomStream(seed, `order of tasks, pass ${pass}`), count);
  if (held !== undefined) {
    for (const i of order.slice(after)) yield held[i]!;
    return;
  }
  const length = Math.ceil(count / Math.ceil(size / room));
  for (let start = 0; start < count; start += length) {
    const wanted = order.slice(start, start + length);
    if (start + wanted.length <= after) continue;
    const found = await pick(pool, { part, pass }, wanted);
    yield* found.slice(Math.max(0, after - start));
  }
}

/** Reads all tasks: their number, their size, and the tasks themselves where there is room. */
async function readAll(pool: TaskPool, { part, pass }: Omit<Place, 'after'>, room: number) {
  let [count, size] = [0, 0];
  let held: Task[] | undefined = [];
  for await (const task of pool.tasks(part, pass)) {
    count++;
    if (count > MOST_TASKS) refuseEndless(pool, part);
    size += sizeOf(task);
    if (size > room) held = undefined;
    held?.push(task);
  }
  return { count, size, held };
}

/** The tasks of some indices, in their order. @throws InputError when there are fewer tasks than before. */
async function pick(
  pool: TaskPool,
  { part, pass }: Omit<Place, 'after'>,
  wanted: readonly number[],
): Promise<Task[]> {
  const places = new Map(wanted.map((index, place) => [index, place]));
  const found: Task[] = [];
  let [index, left] = [0, wanted.length];
  for await (const task of pool.tasks(part, pass)) {
    const place = places.get(index++);
    if (place === undefined) continue;
    found[place] = task;
    if (--left === 0) return found;
  }
  throw new InputError(`env "${pool.name}" gave fewer ${part} tasks than before: its data has changed`);
}

/** Characters of a task as JSON; a guess for what JSON can't say. */
function sizeOf(task: Task): number {
  try {
    return JSON.stringify(task).length;
  } catch {
    return 1000;
  }
}
