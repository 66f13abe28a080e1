import { basename } from 'node:path';
import { z } from 'zod';
import { boxedContents } from '../rewards/math/clean/boxed.ts';
import { mathReward } from '../rewards/math.ts';
import { InputError } from '../src/errors.ts';
import type { Row } from '../src/io/row.ts';
import { readRows } from '../src/io/rows.ts';
import { type SplitFiles, splitFiles } from '../src/io/split-files.ts';
import { parseOptions } from '../src/options/parse-options.ts';
import type { Environment, RewardFunction, Split, Task } from '../src/types.ts';
import { answerReaders } from './answer-readers.ts';
import { gradeGold } from './grade-gold.ts';
import { splitOf } from './held-out.ts';
import { cutPrompt, promptFitter } from './prompt-fitter.ts';
import { fieldsOf, fill } from './template.ts';

export const datasetOptions = z.strictObject({
  /** A data file (.jsonl, .csv, also .gz; .parquet), of which a tenth by hash of the prompt is held out; or a folder with train… and test… (or validation…) files. */
  path: z.string().min(1).optional(),
  /** Name in metrics and errors. */
  name: z.string().min(1).default('dataset'),
  /** Task field ← column: { question: 'problem' }. Columns not named here keep their own names. */
  columns: z.record(z.string(), z.string()).default({}),
  /** The user's turn, with fields in braces: 'Q: {question}'. */
  template: z.string().min(1).default('{question}'),
  system: z.string().optional(),
  /** What supervised fine-tuning teaches, with fields in braces; and what `validate` grades. */
  target: z.string().default('{answer}'),
  /** How the gold answer is taken from the field `answer`: as it stands, from behind the last '####', or out of the last \boxed{…}. */
  answer: z.enum(['whole', 'hash', 'boxed']).default('whole'),
  /** Prompts of more tokens are dropped, cut at the front, or an error. Needs `tokenizer`. */
  maxPromptTokens: z.int().positive().optional(),
  longPrompts: z.enum(['drop', 'cut', 'error']).default('drop'),
  /** Model folder whose tokenizer counts. */
  tokenizer: z.string().optional(),
});
export type DatasetOptions = z.input<typeof datasetOptions>;
type Options = z.output<typeof datasetOptions>;

/** How an environment over a data set differs from the plain one. */
interface Kind {
  /** What grades the gold answers. */
  readonly reward: RewardFunction;
  /** The answer that a completion gives, for votes. */
  readonly given: (completion: string) => string | undefined;
  /** Where to get the data, when no path is given. */
  readonly source: string;
  /** Takes out of a worked solution what is not for readers. */
  readonly clean: (solution: string) => string;
}

export const verbatim = (solution: string): string => solution;
/** What stands in the last box, else on the last line, without spaces. */
export const mathAnswer = (completion: string): string | undefined =>
  boxedContents(completion, 'last').trim().split('\n').at(-1)!.replace(/[\s$]/g, '') || undefined;
const plain: Kind = {
  reward: mathReward(),
  given: mathAnswer,
  source: 'a data file or folder',
  clean: verbatim,
};

/**
 * Tasks from the rows of data files, streamed in their order.
 * @throws InputError when an option is unknown or makes no sense; as soon as tasks are asked for, when data is missing;
 * while reading, when a row lacks a field that the prompt or target names.
 */
export function dataset(options: DatasetOptions = {}): Environment {
  return datasetOf(options, plain);
}

/** `dataset` for one kind of data. */
export function datasetOf(options: DatasetOptions, kind: Kind): Environment {
  const parsed = parseOptions(`env ${options.name ?? 'dataset'}`, datasetOptions, options);
  if (parsed.maxPromptTokens !== undefined && parsed.tokenizer === undefined) {
    throw new InputError(`env ${parsed.name}: maxPromptTokens needs tokenizer: a model folder`);
  }
  const env: Environment = {
    name: parsed.name,
    tasks: (split) => readTasks(filesOf(parsed, split, kind), split, { options: parsed, kind }),
    prompt: (task) => [
      ...(parsed.system === undefined ? [] : [{ role: 'system' as const, content: parsed.system }]),
      {
        role: 'user',
        content: cutPrompt(task) ?? fill(parsed.template, task),
      },
    ],
    answer: kind.given,
    target: (task) => fill(parsed.target, task),
    validate: (limit) =>
      gradeGold(env, { reward: kind.reward, gold: (task) => fill(parsed.target, task), limit }),
    configure: (changed) => datasetOf({ ...options, ...changed }, kind),
  };
  return env;
}

function filesOf({ path, name }: Options, split: Split, { source }: Kind): SplitFiles {
  if (path === undefined)
    throw new InputError(`env ${name} needs its data: get ${source}, and pass --set env.path=PATH`);
  return splitFiles(path, split);
}

async function* readTasks(
  { files, shared }: SplitFiles,
  split: Split,
  { options, kind }: { readonly options: Options; readonly kind: Kind },
): AsyncGenerator<Task> {
  const fitted = await promptFitter(options);
  for (const file of files) {
    for await (const row of readRows(file)) {
      const task = toTask(row, options, kind);
      if (shared && splitOf(fill(options.template, task)) !== split) continue;
      const prompted = fitted(task, fill(options.template, task));
      if (prompted !== undefined) yield prompted;
    }
  }
}

function toTask({ values, where }: Row, options: Options, { clean }: Kind): Task {
  const renamed = Object.entries(options.columns).map(([field, column]) => {
    if (!(column in values))
      throw new InputError(`${where}: no column "${column}"; it has ${Object.keys(values).join(', ')}`);
    return [field, values[column]];
  });
  const task: Record<string, unknown> = { ...values, ...Object.fromEntries(renamed) };
  const worked = options.answer !== 'whole';
  if (
    [...fieldsOf(options.template), ...fieldsOf(options.target)].includes('id') &&
    !('id' in options.columns)
  ) {
    throw new InputError(
      `env ${options.name}: {id} is the task's own name, not the column: call that otherwise, columns: { number: 'id' } and {number}`,
    );
  }
  const needed = [...fieldsOf(options.template), ...fieldsOf(options.target), ...(worked ? ['answer'] : [])];
  for (const field of needed) {
    if (!(worked && field === 'solution') && (task[field] === undefined || task[field] === null)) {
      throw new InputError(
        `${where}: field "${field}" is missing; the row has ${Object.keys(values).join(', ')} (name its column with columns: { ${field}: COLUMN })`,
      );
    }
  }
  if (worked) {
    const solution = String(task.answer);
    task.solution = clean(solution);
    task.answer = answerReaders[options.answer](solution, where);
  }
  return { ...task, id: basename(where) };
}
