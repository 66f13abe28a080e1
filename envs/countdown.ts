import { z } from 'zod';
import { countdownEquation, countdownReward } from '../rewards/countdown.ts';
import { InputError } from '../src/errors.ts';
import type { Row } from '../src/io/row.ts';
import { readRows } from '../src/io/rows.ts';
import type { SplitFiles } from '../src/io/split-files.ts';
import { parseOptions } from '../src/options/parse-options.ts';
import { type RandomStream, randomStream, sampleIndices } from '../src/random.ts';
import type { Environment, Split, Task } from '../src/types.ts';
import { gradeGold } from './grade-gold.ts';
import { splitOf } from './held-out.ts';
import { rowIds } from './row-ids.ts';
import { dataPath, taskFiles } from './task-files.ts';

const optionsSchema = z
  .strictObject({
    seed: z.int().default(0),
    /** Puzzles made; a tenth of them, by a hash of the numbers and target, is held out. */
    puzzles: z.int().positive().max(1_000_000).default(10_000),
    /** How many numbers a puzzle has. */
    numbers: z.tuple([z.int().min(2), z.int().max(8)]).default([3, 4]),
    /** The largest number given. */
    largest: z.int().min(2).max(999).default(99),
    /** The target is at least and at most this. */
    targets: z.tuple([z.int().min(0), z.int().max(9999)]).default([10, 999]),
    /**
     * A data file, a folder or a data set on the hub with columns nums, target and, to be validated, solution; instead of making puzzles. A
     * row's own id is kept.
     */
    path: z.string().min(1).optional(),
  })
  .refine(
    ({ numbers, targets }) => numbers[0] <= numbers[1] && targets[0] <= targets[1],
    'ranges are [low, high] with low ≤ high',
  );
export type CountdownOptions = z.input<typeof optionsSchema>;
type Options = z.output<typeof optionsSchema>;

/** @throws InputError for a puzzle from a file without the column solution. */
function solved(task: Task): string {
  const { id, solution } = task as Puzzle;
  if (typeof solution !== 'string')
    throw new InputError(`puzzle "${id}" has no solution: its row has no such column`);
  return `<answer>${solution}</answer>`;
}

/** One puzzle: reach the target with each number used exactly once. */
interface Puzzle extends Task {
  readonly nums: readonly number[];
  readonly target: number;
  readonly solution?: string;
}

/**
 * Countdown: combine the given numbers, each exactly once, with + − * / to reach a target (TinyZero). Puzzles are made
 * from random solvable expressions, or read from a file.
 * @throws InputError for options out of range; as soon as tasks are asked for, when the path has no data.
 */
export function countdown(given: CountdownOptions = {}): Environment {
  const options = typeof given.path === 'string' ? { ...given, path: dataPath(given.path) } : given;
  const parsed = parseOptions('env countdown', optionsSchema, options);
  const env: Environment = {
    name: 'countdown',
    options: parsed,
    files: parsed.path === undefined ? [] : [parsed.path],
    rows: parsed.path !== undefined,
    tasks: (split) =>
      parsed.path === undefined
        ? made(parsed, split)
        : read(taskFiles(parsed.path, split, given.path), split),
    prompt: (task) => [{ role: 'user', content: question(task as Puzzle) }],
    answer: countdownEquation,
    target: solved,
    validate: (limit) => gradeGold(env, { reward: countdownReward(), gold: solved, limit }),
    configure: (changed) => countdown({ ...options, ...changed }),
  };
  return env;
}

function question({ nums, target }: Puzzle): string {
  return `Using the numbers ${nums.join(', ')}, write an equation that equals ${target}. Use each number exactly once, with + - * / and brackets. Think first; then give the left side of the equation on the last line, like <answer>(1 + 2) / 3</answer>`;
}

const identity = ({ nums, target }: Pick<Puzzle, 'nums' | 'target'>) =>
  `${[...nums].sort((a, b) => a - b).join(' ')} = ${target}`;

async function* made(options: Options, split: Split): AsyncGenerator<Puzzle> {
  const stream = randomStream(options.seed, 'countdown');
  const seen = new Set<string>();
  // Small ranges hold few puzzles. After this many repeats there are no more to find.
  for (let tries = 0; seen.size < options.puzzles && tries < 50 * options.puzzles; tries++) {
    const puzzle = makePuzzle(stream, options);
    if (puzzle === undefined || seen.has(puzzle.id)) continue;
    seen.add(puzzle.id);
    if (splitOf(puzzle.id) === split) yield puzzle;
  }
}

interface Term {
  readonly text: string;
  readonly value: number;
  /** Needs brackets beside * or /. */
  readonly isSum: boolean;
}

/** Joins random numbers by random operations, keeping every value a whole number from 0 to 1000. */
function makePuzzle(stream: RandomStream, { numbers, largest, targets }: Options): Puzzle | undefined {
  const count = between(stream, ...numbers);
  const nums = Array.from({ length: count }, () => between(stream, 1, largest));
  const terms: Term[] = nums.map((n) => ({ text: String(n), value: n, isSum: false }));
  while (terms.length > 1) {
    const [i, j] = sampleIndices(stream, terms.length, 2) as [number, number];
    const joined = join(stream, terms[i]!, terms[j]!);
    if (joined === undefined) return undefined;
    terms.splice(Math.max(i, j), 1);
    terms.splice(Math.min(i, j), 1, joined);
  }
  const [{ text, value }] = terms as [Term];
  if (value < targets[0] || value > targets[1]) return undefined;
  return { id: identity({ nums, target: value }), nums, target: value, solution: text };
}

function join(stream: RandomStream, a: Term, b: Term): Term | undefined {
  const op = '+-*/'[between(stream, 0, 3)]!;
  const value =
    op === '+'
      ? a.value + b.value
      : op === '-'
        ? a.value - b.value
        : op === '*'
          ? a.value * b.value
          : a.value / b.value;
  if (!Number.isInteger(value) || value < 0 || value > 1000) return undefined;
  const isSum = op === '+' || op === '-';
  const bracketed = (term: Term, always: boolean) =>
    term.isSum && (!isSum || always) ? `(${term.text})` : term.text;
  // A right operand of − or / keeps its brackets: a − (b + c), a / (b * c).
  const right = op === '/' && /[*/]/.test(b.text) ? `(${b.text})` : bracketed(b, op === '-');
  return { text: `${bracketed(a, false)} ${op} ${right}`, value, isSum };
}

const between = (stream: RandomStream, low: number, high: number) =>
  low + Math.floor(stream.next() * (high - low + 1));

async function* read(find: () => Promise<SplitFiles>, split: Split): AsyncGenerator<Puzzle> {
  const { files, shared } = await find();
  const idOf = rowIds();
  for (const file of files) {
    for await (const row of readRows(file)) {
      const puzzle = toPuzzle(row, idOf);
      if (!shared || splitOf(identity(puzzle)) === split) yield puzzle;
    }
  }
}

/** A row's puzzle; without an id of its own it goes by its numbers and target. */
function toPuzzle({ values, where }: Row, idOf: ReturnType<typeof rowIds>): Puzzle {
  const { nums, target } = values;
  if (!Array.isArray(nums) || !nums.every(Number.isInteger) || typeof target !== 'number') {
    throw new InputError(
      `${where}: a countdown row has nums (a list of whole numbers) and target, got ${JSON.stringify(values).slice(0, 80)}`,
    );
  }
  const id = idOf({ fields: values, where, columns: {} }, identity({ nums, target }));
  return { ...values, id, nums, target };
}
