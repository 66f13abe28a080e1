import { z } from 'zod';
import { answerNumber, exactNumber } from '../rewards/exact-number.ts';
import { parseOptions } from '../src/options/parse-options.ts';
import { randomStream, sampleIndices } from '../src/random.ts';
import type { Environment, Split, Task } from '../src/types.ts';
import { gradeGold } from './grade-gold.ts';
import { splitOf } from './held-out.ts';

/**
 * Order of operations with one worked step: '36-2*8=' → '36-16=20', '(12+5)*4=' → '17*4=68'.
 * Every prompt of the chosen kinds and ranges is enumerated (8,448 by default) and drawn in a seeded order.
 * A tenth, picked by a hash of the prompt, is the test split: the same prompts whatever the options.
 */

export const arithmeticKinds = ['a+b*c', 'b*c+a', 'b*c-a', 'a-b*c', '(a+b)*c'] as const;
export type ArithmeticKind = (typeof arithmeticKinds)[number];

/** a's range where none is given: differences mostly positive, products of sums at most (12+9)·9. */
const rangeOfA: Record<ArithmeticKind, readonly [number, number]> = {
  'a+b*c': [1, 30],
  'b*c+a': [1, 30],
  'b*c-a': [1, 30],
  'a-b*c': [11, 40],
  '(a+b)*c': [1, 12],
};

const range = z
  .tuple([z.int().min(0).max(999), z.int().min(0).max(999)])
  .refine(([low, high]) => low <= high, 'must be [low, high] with low ≤ high');

export const arithmeticOptions = z.strictObject({
  /** Order in which tasks are drawn. */
  seed: z.int().default(0),
  kinds: z
    .array(z.enum(arithmeticKinds))
    .nonempty()
    .default([...arithmeticKinds]),
  /** Range of a for every kind; each kind has its own when left out. */
  a: range.optional(),
  /** Range of b and c. */
  factors: range.default([2, 9]),
});
export type ArithmeticOptions = z.input<typeof arithmeticOptions>;

/** One prompt with its worked answer. */
export interface ArithmeticTask extends Task {
  readonly kind: ArithmeticKind;
  readonly a: number;
  readonly b: number;
  readonly c: number;
  readonly prompt: string;
  readonly answer: number;
  /** The worked step and the result: '36-16=20'. */
  readonly target: string;
}

/**
 * The arithmetic environment.
 * @throws InputError for an unknown kind, an empty range or an unknown option.
 */
export function arithmetic(options: ArithmeticOptions = {}): Environment {
  const parsed = parseOptions('env arithmetic', arithmeticOptions, options);
  const env: Environment = {
    name: 'arithmetic',
    options: parsed,
    async *tasks(split) {
      yield* arithmeticTasks(parsed, split, 'arithmetic');
    },
    prompt: (task) => [{ role: 'user', content: String(task.prompt) }],
    answer: (completion) => answerNumber(completion, '='),
    target: (task) => String(task.target),
    validate: (limit) =>
      gradeGold(env, { reward: exactNumber({ after: '=' }), gold: (task) => String(task.target), limit }),
    configure: (changed) => arithmetic({ ...options, ...changed }),
  };
  return env;
}

/** A split's tasks in the order of the seed's stream `name`. */
export function arithmeticTasks(
  options: z.output<typeof arithmeticOptions>,
  split: Split,
  name: string,
): ArithmeticTask[] {
  const all = [...enumerate(options)].filter((task) => splitOf(task.prompt) === split);
  return sampleIndices(randomStream(options.seed, name), all.length).map((i) => all[i]!);
}

function* enumerate({ kinds, a, factors }: z.output<typeof arithmeticOptions>): Generator<ArithmeticTask> {
  for (const kind of new Set(kinds)) {
    const [low, high] = a ?? rangeOfA[kind];
    for (const x of span(low, high)) {
      for (const b of span(...factors)) for (const c of span(...factors)) yield toTask(kind, [x, b, c]);
    }
  }
}

function span(low: number, high: number): number[] {
  return Array.from({ length: high - low + 1 }, (_, i) => low + i);
}

function toTask(kind: ArithmeticKind, [a, b, c]: readonly [number, number, number]): ArithmeticTask {
  const prompt = `${fill(kind, { a, b, c })}=`;
  return { id: prompt, kind, a, b, c, prompt, ...worked(kind, { a, b, c }) };
}

type Numbers = Readonly<Record<'a' | 'b' | 'c', number>>;

function fill(kind: ArithmeticKind, numbers: Numbers): string {
  return kind.replace(/[abc]/g, (letter) => String(numbers[letter as keyof Numbers]));
}

/** The worked step and result by the rules of precedence. */
function worked(kind: ArithmeticKind, { a, b, c }: Numbers): { target: string; answer: number } {
  const product = b * c;
  switch (kind) {
    case 'a+b*c':
      return answered(`${a}+${product}`, a + product);
    case 'b*c+a':
      return answered(`${product}+${a}`, product + a);
    case 'b*c-a':
      return answered(`${product}-${a}`, product - a);
    case 'a-b*c':
      return answered(`${a}-${product}`, a - product);
    case '(a+b)*c':
      return answered(`${a + b}*${c}`, (a + b) * c);
  }
}

/** A worked step with its result. */
export function answered(step: string, answer: number): { target: string; answer: number } {
  return { target: `${step}=${answer}`, answer };
}
