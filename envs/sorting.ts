import { z } from 'zod';
import { captured } from '../rewards/captured.ts';
import { parseOptions } from '../src/options/parse-options.ts';
import { type RandomStream, randomStream } from '../src/random.ts';
import type { Environment, Split, Task } from '../src/types.ts';
import { gradeGold } from './grade-gold.ts';
import { splitOf } from './held-out.ts';

/**
 * Sorting: '7 3 9 3=' → '3 3 7 9'. The embedded model can write the answers, and was never taught to.
 * Lists are drawn at random, each once. A tenth, picked by a hash of the prompt, is the test split: no option or seed
 * moves a prompt from one split to the other.
 */

const optionsSchema = z
  .strictObject({
    /** Which lists are drawn, and their order. */
    seed: z.int().default(0),
    /** Lists drawn, of both splits together; fewer where there are not so many. */
    lists: z.int().positive().max(1_000_000).default(20_000),
    /** How many numbers a list has: at least and at most. */
    count: z.tuple([z.int().min(2), z.int().max(32)]).default([6, 6]),
    /** The smallest and the largest number. */
    range: z.tuple([z.int().min(0), z.int().max(999)]).default([0, 9]),
  })
  .refine(({ count, range }) => count[0] <= count[1] && range[0] < range[1], {
    message: 'count must be [low, high] with low ≤ high, range with low < high',
  });
export type SortingOptions = z.input<typeof optionsSchema>;
type Options = z.output<typeof optionsSchema>;

/** One list of numbers. */
export interface SortingTask extends Task {
  readonly numbers: readonly number[];
  /** The list with an equals sign: '7 3 9 3='. */
  readonly prompt: string;
  /** The numbers in ascending order: '3 3 7 9'. */
  readonly answer: string;
}

/**
 * The sorting environment.
 */
export function sorting(options: SortingOptions = {}): Environment {
  const parsed = parseOptions('env sorting', optionsSchema, options);
  const env: Environment = {
    name: 'sorting',
    options: parsed,
    async *tasks(split) {
      yield* sortingTasks(parsed, split);
    },
    prompt: (task) => [{ role: 'user', content: String(task.prompt) }],
    answer: (completion) => completion.trim(),
    target: (task) => String(task.answer),
    validate: (limit) =>
      gradeGold(env, {
        reward: captured({ pattern: wholeText }),
        gold: (task) => String(task.answer),
        limit,
      }),
    configure: (changed) => sorting({ ...options, ...changed }),
  };
  return env;
}

function* sortingTasks({ seed, lists, count, range }: Options, split: Split): Generator<SortingTask> {
  const stream = randomStream(seed, 'sorting');
  const seen = new Set<string>();
  // Short lists of small numbers are few. After this many repeats there are no more to find.
  for (let tries = 0; seen.size < lists && tries < 20 * lists; tries++) {
    const numbers = Array.from({ length: between(stream, count) }, () => between(stream, range));
    const task = toTask(numbers);
    if (seen.has(task.prompt)) continue;
    seen.add(task.prompt);
    if (splitOf(task.prompt) === split) yield task;
  }
}

function toTask(numbers: readonly number[]): SortingTask {
  const prompt = `${numbers.join(' ')}=`;
  return { id: prompt, prompt, numbers, answer: numbers.toSorted((a, b) => a - b).join(' ') };
}

/** The completion as a whole is the answer. */
const wholeText = /^(.*)$/;

const between = (stream: RandomStream, [low, high]: readonly [number, number]) =>
  low + Math.floor(stream.next() * (high - low + 1));
