import { AnnealError, InputError, RunError } from '../errors.ts';
import type { Task, TaskPart } from '../types.ts';
import { withStrays } from './user-code/stray-errors.ts';
import { whatFailed } from './user-code/what-failed.ts';

/** The run fails after this many tasks in a row that don't suit the curriculum. */
const MOST_UNSUITED = 100_000;
/** Tasks that are read at most where all of a part are needed. */
export const MOST_TASKS = 10_000_000;

/** Tasks taken, and how many were passed over on the way. */
interface TakenTasks {
  readonly tasks: Task[];
  readonly passedOver: number;
}

/** Where tasks are taken from: an environment, or one with tasks set aside for validation. */
export interface TaskPool {
  readonly name: string;
  /** @param pass which pass over the part this is, from 0: those of a shuffled pool differ in order. */
  tasks(part: TaskPart, pass?: number): AsyncIterable<Task>;
  /**
   * The tasks of a pass behind its first `after`, of a pool that need not read those.
   * @throws InputError while reading, when there are fewer.
   */
  tasksAfter?(part: TaskPart, pass: number, after: number): AsyncIterable<Task>;
}

/** How far a run has read its tasks. */
export interface TaskPosition {
  /** Passes over the split that have ended. */
  readonly epoch: number;
  /** Tasks taken in this pass. */
  readonly offset: number;
}

/**
 * A split's tasks, read one at a time and only when asked; the split starts again when it ends.
 * A position saved in a checkpoint is found again by reading past that many tasks: environments give a fixed order.
 */
export class TaskSource {
  readonly #environment: TaskPool;
  readonly #split: TaskPart;
  #iterator: AsyncIterator<Task> | undefined;
  /** Read already, not yet taken. */
  #ahead: Task | undefined;
  #epoch: number;
  #offset: number;

  constructor(environment: TaskPool, split: TaskPart, position: TaskPosition = { epoch: 0, offset: 0 }) {
    this.#environment = environment;
    this.#split = split;
    this.#epoch = position.epoch;
    this.#offset = position.offset;
  }

  position(): TaskPosition {
    return { epoch: this.#epoch, offset: this.#offset };
  }

  /** Makes sure, before a run begins, that there is a task to take. @throws InputError as `take` does. */
  async probe(): Promise<void> {
    this.#ahead ??= await this.#read();
  }

  /**
   * The next `count` tasks, of those that suit. @throws InputError when the split has none, or fewer than the position
   * says were read; RunError when 100,000 in a row don't suit, or none of the split.
   */
  async take(count: number, suits: (task: Task) => boolean = () => true): Promise<TakenTasks> {
    const tasks: Task[] = [];
    const start = this.#epoch;
    let [passedOver, inRow] = [0, 0];
    while (tasks.length < count) {
      const task = await this.#next();
      if (suits(task)) {
        tasks.push(task);
        inRow = 0;
        continue;
      }
      [passedOver, inRow] = [passedOver + 1, inRow + 1];
      const wholeSplit = tasks.length === 0 && this.#epoch > start + 1;
      if (inRow === MOST_UNSUITED || wholeSplit) throw new RunError(noneSuits(this.#environment, inRow));
    }
    return { tasks, passedOver };
  }

  /** Lets go of the environment's iterator, so that it can close its files. */
  async close(): Promise<void> {
    await this.#iterator?.return?.();
    this.#iterator = undefined;
  }

  async #next(): Promise<Task> {
    const task = this.#ahead ?? (await this.#read());
    this.#ahead = undefined;
    this.#offset++;
    return task;
  }

  async #read(): Promise<Task> {
    this.#iterator ??= await this.#open();
    const next = await nextTask(this.#iterator, this.#environment, this.#split);
    if (next !== undefined) return next;
    if (this.#offset === 0) throw new InputError(noTasks(this.#environment, this.#split));
    this.#iterator = undefined;
    this.#epoch++;
    this.#offset = 0;
    return this.#read();
  }

  async #open(): Promise<AsyncIterator<Task>> {
    const behind = this.#environment.tasksAfter?.(this.#split, this.#epoch, this.#offset);
    if (behind) return behind[Symbol.asyncIterator]();
    const iterator = openTasks(this.#environment, this.#split, this.#epoch);
    for (let i = 0; i < this.#offset; i++) {
      if ((await nextTask(iterator, this.#environment, this.#split)) === undefined) {
        throw new InputError(
          `env "${this.#environment.name}" has ${i} ${this.#split} tasks, but the checkpoint had read ${this.#offset}: its data has changed`,
        );
      }
    }
    return iterator;
  }
}

/**
 * The first `count` tasks of a split that suit, or all of them when there are fewer.
 * @throws InputError when there are none.
 */
export async function firstTasks(
  environment: TaskPool,
  split: TaskPart,
  { count, suits = () => true }: { readonly count: number; readonly suits?: (task: Task) => boolean },
): Promise<Task[]> {
  const tasks: Task[] = [];
  let inRow = 0;
  const iterator = openTasks(environment, split);
  while (tasks.length < count) {
    const task = await nextTask(iterator, environment, split);
    if (task === undefined || inRow === MOST_UNSUITED) break;
    const suited = suits(task);
    if (suited) tasks.push(task);
    inRow = suited ? 0 : inRow + 1;
  }
  await iterator.return?.();
  if (tasks.length === 0 && inRow > 0) {
    throw new InputError(
      `none of the first ${inRow} ${split} tasks of env "${environment.name}" has a prompt within sampling.maxPromptLength`,
    );
  }
  if (tasks.length === 0) throw new InputError(noTasks(environment, split));
  return tasks;
}

/** The tasks of a part one by one, each checked. @throws InputError as `firstTasks` does. */
export async function* readTasks(environment: TaskPool, split: TaskPart): AsyncGenerator<Task> {
  const iterator = openTasks(environment, split);
  try {
    for (;;) {
      const task = await nextTask(iterator, environment, split);
      if (task === undefined) return;
      yield task;
    }
  } finally {
    await iterator.return?.();
  }
}

/** @throws InputError for tasks that don't end, where all are needed. */
export function refuseEndless({ name }: TaskPool, split: TaskPart): never {
  throw new InputError(
    `env "${name}" has more than ${MOST_TASKS.toLocaleString('en-US')} ${split} tasks, which is too many to shuffle or to choose from: set sampling.shuffle to false`,
  );
}

function openTasks(environment: TaskPool, split: TaskPart, pass = 0): AsyncIterator<Task> {
  try {
    return environment.tasks(split, pass)[Symbol.asyncIterator]();
  } catch (cause) {
    throw noTask(environment, split, cause);
  }
}

/** The next task; undefined at the end. @throws InputError when the environment fails, or gives what is no task. */
async function nextTask(
  iterator: AsyncIterator<Task>,
  environment: TaskPool,
  split: TaskPart,
): Promise<Task | undefined> {
  try {
    const { done, value } = await withStrays(`env "${environment.name}"`, () => iterator.next());
    if (done === true) return undefined;
    if (typeof value?.id !== 'string') throw new TypeError('a task needs an id, a text of its own');
    return value;
  } catch (cause) {
    throw noTask(environment, split, cause);
  }
}

/** What an environment throws on purpose goes as it is. */
function noTask({ name }: TaskPool, split: TaskPart, cause: unknown): Error {
  if (cause instanceof AnnealError) return cause;
  return new InputError(`env "${name}" failed to give a task of its ${split} split: ${whatFailed(cause)}`, {
    cause,
  });
}

function noneSuits(environment: TaskPool, count: number): string {
  return `${count} tasks in a row of env "${environment.name}" were passed over, by the curriculum or because their prompts are too long (sampling.longPrompts): some must be left at every time`;
}

export function noTasks(environment: TaskPool, split: TaskPart): string {
  return `env "${environment.name}" has no tasks in its ${split} split`;
}
