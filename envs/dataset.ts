import { z } from 'zod';
import { boxedContents } from '../rewards/math/clean/boxed.ts';
import { goldParts } from '../rewards/math/gold-parts.ts';
import { mathReward } from '../rewards/math.ts';
import { InputError } from '../src/errors.ts';
import { givenModel } from '../src/io/given-path.ts';
import { readRows } from '../src/io/rows.ts';
import type { SplitFiles } from '../src/io/split-files.ts';
import { parseOptions } from '../src/options/parse-options.ts';
import { longPromptModes } from '../src/rollout/fit-prompt.ts';
import type { Choices, Environment, RewardFunction, Split, Task, TemplateInputs } from '../src/types.ts';
import { conversationToTeach, promptOf, questionOf, targetOf, toTask } from './dataset-task.ts';
import { gradeGold } from './grade-gold.ts';
import { splitOf } from './held-out.ts';
import { promptFitter } from './prompt-fitter.ts';
import { rowIds } from './row-ids.ts';
import { dataPath, taskFiles } from './task-files.ts';

export const datasetOptions = z.strictObject({
  /**
   * A data file (.jsonl, .csv, also .gz; .parquet), of which a tenth by hash of the prompt is held out; or a folder
   * with train… and test… (or validation…) files; or a data set on the Hugging Face hub that has such files:
   * `owner/name[@revision][:folder]`.
   */
  path: z.string().min(1).optional(),
  /** Name in metrics and errors. */
  name: z.string().min(1).default('dataset'),
  /**
   * Task field ← column, or what lies inside one: { question: 'problem', answer: 'reward_model.ground_truth' }. Others
   * keep their names.
   */
  columns: z.record(z.string(), z.string()).default({}),
  /**
   * The user's turn, with fields in braces: 'Q: {question}'; or '{prompt}' alone, whose column may be a conversation: a
   * list of { role, content }.
   */
  template: z.string().min(1).default('{question}'),
  system: z.string().optional(),
  /**
   * What supervised fine-tuning teaches, with fields in braces; and what `validate` grades. Reinforcement learning
   * needs none.
   */
  target: z.string().default('{answer}'),
  /**
   * How the gold answer is taken from the field `answer`: as it stands, from behind the last '####', or out of the last
   * \boxed{…}.
   */
  answer: z.enum(['whole', 'hash', 'boxed']).default('whole'),
  /**
   * Prompts of more tokens, as the chat template renders them, are dropped, cut by their oldest turns, or an error.
   * Needs `tokenizer`.
   */
  maxPromptTokens: z.int().positive().optional(),
  longPrompts: z.enum(longPromptModes).default('drop'),
  /** Model whose tokenizer counts: a folder, or one on the hub. */
  tokenizer: z.string().optional(),
  /** What the chat template is given: tools to call, as JSON schemas, and variables such as enable_thinking. */
  chatTemplate: z
    .strictObject({
      tools: z.array(
        z.looseObject({ type: z.literal('function'), function: z.looseObject({ name: z.string() }) }),
      ),
      variables: z.record(z.string(), z.unknown()),
    })
    .partial()
    .optional(),
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
  /** The choices of a task, of data that gives them. */
  readonly choices?: (task: Task, options: Options) => Choices;
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
 * Tasks from the rows of data files, streamed in their order. A relative path in a recipe's file is taken from that
 * file's folder.
 * @throws InputError when an option is unknown or makes no sense; as soon as tasks are asked for, when data is missing;
 * while reading, when a row lacks a field that the prompt names, or has an id that another row has.
 */
export function dataset(options: DatasetOptions = {}): Environment {
  return datasetOf(options, plain);
}

/** `dataset` for one kind of data. */
export function datasetOf(given: DatasetOptions, kind: Kind): Environment {
  const options = located(given);
  const parsed = parseOptions(`env ${options.name ?? 'dataset'}`, datasetOptions, options);
  if (parsed.maxPromptTokens !== undefined && parsed.tokenizer === undefined) {
    throw new InputError(`env ${parsed.name}: maxPromptTokens needs tokenizer: a model folder`);
  }
  const { choices } = kind;
  const env: Environment = {
    name: parsed.name,
    options: parsed,
    files: parsed.path === undefined ? [] : [parsed.path],
    rows: parsed.path !== undefined,
    tasks: (split) => readTasks(filesOf(parsed, split, { kind, given }), split, { options: parsed, kind }),
    prompt: (task) => promptOf(task, parsed),
    answer: kind.given,
    target: (task) => targetOf(task, parsed),
    conversation: (task) => conversationToTeach(task, parsed),
    ...(parsed.chatTemplate && { chatTemplate: parsed.chatTemplate as TemplateInputs }),
    ...(choices && { choices: (task) => choices(task, parsed) }),
    validate: (limit) =>
      gradeGold(env, {
        reward: kind.reward,
        gold: (task) => targetOf(task, parsed),
        parts: (task) => goldParts(String(task.answer)).map((part) => `\\boxed{${part}}`),
        limit,
      }),
    configure: (changed) => datasetOf({ ...options, ...changed }, kind),
  };
  return env;
}

/** The options with paths that hold wherever tasks are read. */
function located(options: DatasetOptions): DatasetOptions {
  const { path, tokenizer } = options;
  return {
    ...options,
    ...(typeof path === 'string' && { path: dataPath(path) }),
    ...(typeof tokenizer === 'string' && { tokenizer: givenModel(tokenizer) }),
  };
}

function filesOf(
  { path, name }: Options,
  split: Split,
  { kind, given }: { readonly kind: Kind; readonly given: DatasetOptions },
): () => Promise<SplitFiles> {
  if (path === undefined)
    throw new InputError(`env ${name} needs its data, ${kind.source}: pass --set env.path=PATH`);
  return taskFiles(path, split, given.path);
}

async function* readTasks(
  find: () => Promise<SplitFiles>,
  split: Split,
  { options, kind }: { readonly options: Options; readonly kind: Kind },
): AsyncGenerator<Task> {
  const { files, shared } = await find();
  const fitted = await promptFitter(options);
  const readers = { clean: kind.clean, idOf: rowIds() };
  for (const file of files) {
    for await (const row of readRows(file)) {
      const task = toTask(row, options, readers);
      if (shared && splitOf(questionOf(task, options)) !== split) continue;
      const prompted = fitted(task, promptOf(task, options));
      if (prompted !== undefined) yield prompted;
    }
  }
}
