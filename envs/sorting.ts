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

const optionsSchema = z.strictObject({
  /** Decides which lists are drawn, and their order. */
  seed: z.int().default(0),
  /** Lists drawn, of both splits together: all that there are, where those are fewer. */
  lists: z.int().positive().max(1_000_000).default(20_000),
  /** How many numbers a list has: at least and at most. */
  count: z
    .tuple([z.int().min(2).max(32), z.int().min(2).max(32)])
    .refine(([low, high]) => low <= high, {
      error: ({ input }) => `must be [low, high] with low ≤ high (got [${input}])`,
    })
    .default([8, 8]),
  /** The smallest and the largest number. */
  range: z
    .tuple([z.int().min(0).max(999), z.int().min(0).max(999)])
    .refine(([low, high]) => low < high, {
      error: ({ input }) => `must be [low, high] with low < high (got [${input}])`,
    })
    .default([0, 9]),
});
export type SortingOptions = z.input<typeof optionsSchema>;
type Options = z.output<typeof optionsSchema>;

/** One list of numbers. */
interface SortingTask extends Task {
  readonly numbers: readonly number[];
  /** The list and an equals sign: '7 3 9 3='. */
  readonly prompt: string;
  /** The numbers in ascending order: '3 3 7 9'. */
  readonly answer: string;
}

/**
 * The sorting environment.
 * @throws InputError for an empty range or an unknown option.
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
      gradeGold(env, { reward: captured({ pattern: /^(.*)$/ }), gold: (task) => String(task.answer), limit }),
    configure: (changed) => sorting({ ...options, ...changed }),
  };
  return env;
}

function* sortingTasks(options: Options, split: Split): Generator<SortingTask> {
  const stream = randomStream(options.seed, 'sorting');
  const seen = new Set<string>();
  const wanted = Math.min(options.lists, possibleLists(options));
  while (seen.size < wanted) {
    const task = drawTask(stream, options);
    if (seen.has(task.prompt)) continue;
    seen.add(task.prompt);
    if (splitOf(task.prompt) === split) yield task;
  }
}

/** How many different lists the options allow: Σ over counts n of (numbers in range)ⁿ. */
function possibleLists({ count: [fewest, most], range: [low, high] }: Options): number {
  const counts = Array.from({ length: most - fewest + 1 }, (_, i) => fewest + i);
  return counts.reduce((sum, n) => sum + (high - low + 1) ** n, 0);
}

function drawTask(stream: RandomStream, { count, range }: Options): SortingTask {
  const numbers = Array.from({ length: between(stream, count) }, () => between(stream, range));
  const prompt = `${numbers.join(' ')}=`;
  return { id: prompt, prompt, numbers, answer: numbers.toSorted((a, b) => a - b).join(' ') };
}

const between = (stream: RandomStream, [low, high]: readonly [number, number]) =>
  low + Math.floor(stream.next() * (high - low + 1));
