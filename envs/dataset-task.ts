import { basename } from 'node:path';
import { continued } from '../src/environment/scoring/continued.ts';
import { InputError } from '../src/errors.ts';
import type { Row } from '../src/io/row.ts';
import type { Message, Task } from '../src/types.ts';
import { answerReaders } from './answer-readers.ts';
import { conversationIn } from './conversation.ts';
import type { rowIds } from './row-ids.ts';
import {
  type Fields,
  fieldAt,
  fieldName,
  fieldsOf,
  fill,
  onlyField,
  type TemplateRow,
  textField,
} from './template.ts';

/** What the options of `dataset` say of a row. */
export interface RowOptions {
  readonly columns: Readonly<Record<string, string>>;
  readonly template: string;
  readonly system?: string | undefined;
  readonly target: string;
  readonly answer: keyof typeof answerReaders;
}

/** How a kind of data, and a stream of it, read rows. */
export interface RowReaders {
  /** Takes out of a worked solution what is not for readers. */
  readonly clean: (solution: string) => string;
  readonly idOf: ReturnType<typeof rowIds>;
}

/** Where a task has the row that it comes from: no column of data can have this name. */
const ROW = Symbol('row of a data file');

interface RowTask extends Task {
  readonly [ROW]?: { readonly where: string; readonly fitted?: readonly Message[] };
}

/** The task with another prompt. */
export const withPrompt = (task: RowTask, fitted: readonly Message[]): Task =>
  ({ ...task, [ROW]: { where: whereOf(task), fitted } }) as RowTask;

/** The row that a task comes from, for messages. */
export const whereOf = (task: RowTask): string => task[ROW]?.where ?? `task ${task.id}`;
const rowOf = (task: RowTask, { columns }: RowOptions): TemplateRow => ({
  fields: task,
  where: whereOf(task),
  columns,
});

/**
 * Makes a row into a task. Its id is the row's own `id`, else the file's name and the line.
 * @throws InputError naming row and column for what the prompt needs and the row lacks, and for structures where text
 * is needed.
 */
export function toTask({ values, where }: Row, options: RowOptions, using: RowReaders): Task {
  const { columns } = options;
  const fields = renamed(values, columns, where);
  const row = { fields, where, columns };
  if (options.answer !== 'whole') {
    const solution = textField(row, 'answer');
    fields.solution = using.clean(solution);
    fields.answer = answerReaders[options.answer](solution, where);
  }
  const id = using.idOf(row, basename(where));
  const task: RowTask = { ...fields, id, [ROW]: { where } };
  // A row needs a prompt. It may lack the fields of its target. A target that can't be written from them is an error.
  conversationOf(row, options);
  if (
    taughtIn(row, options) === undefined &&
    fieldsOf(options.target).every((name) => fieldAt(fields, name) != null)
  )
    textOfTarget(row, options);
  return task;
}

/**
 * Fields of a task by the names that `columns` gives them, others by their own. A column `id` that becomes another
 * field is no id.
 */
function renamed(values: Fields, columns: RowOptions['columns'], where: string): Record<string, unknown> {
  const fields: Record<string, unknown> = { ...values };
  if (Object.values(columns).includes('id')) delete fields.id;
  for (const [field, column] of Object.entries(columns)) {
    const value = fieldAt(values, column);
    if (value === undefined)
      throw new InputError(`${where}: no column "${column}"; it has ${Object.keys(values).join(', ')}`);
    fields[field] = value;
  }
  return fields;
}

/** What the policy is asked. @throws InputError as `toTask` does. */
export function promptOf(task: RowTask, options: RowOptions): readonly Message[] {
  return task[ROW]?.fitted ?? conversationOf(rowOf(task, options), options);
}

function conversationOf(row: TemplateRow, options: RowOptions): readonly Message[] {
  const { template, system } = options;
  const instructions: Message[] = system === undefined ? [] : [{ role: 'system', content: system }];
  const taught = taughtIn(row, options);
  const given = taught === undefined ? conversationField(row, template) : taught.slice(0, -1);
  if (given === undefined) return [...instructions, { role: 'user', content: fill(template, row) }];
  if (system !== undefined && given[0]!.role === 'system')
    throw new InputError(
      `${row.where}: ${fieldName(row, onlyField(template)!)} begins with a system message of its own; leave out the option system`,
    );
  return [...instructions, ...given];
}

/**
 * The conversation of a row whose prompt and target are the same field: its last turn, the assistant's, is the target.
 * @throws InputError for one that ends otherwise, or has nothing before that turn.
 */
function taughtIn(row: TemplateRow, { template, target }: RowOptions): readonly Message[] | undefined {
  const given = template === target ? conversationField(row, template) : undefined;
  if (given === undefined || (given.length > 1 && given.at(-1)!.role === 'assistant')) return given;
  throw new InputError(
    `${row.where}: ${fieldName(row, onlyField(template)!)} is a conversation to teach, which must end with a turn of the assistant after others; it has ${given.map(({ role }) => role).join(', ')}`,
  );
}

/** What supervised fine-tuning teaches all turns of: the prompt, and the turn after it. */
export function conversationToTeach(task: RowTask, options: RowOptions): readonly Message[] {
  const taught = taughtIn(rowOf(task, options), options);
  const last: Message = taught?.at(-1) ?? { role: 'assistant', content: targetOf(task, options) };
  return continued(promptOf(task, options), [last]);
}

/** The conversation of the field that a template consists of, where it is one. */
function conversationField(row: TemplateRow, template: string): readonly Message[] | undefined {
  const name = onlyField(template);
  if (name === undefined) return undefined;
  return conversationIn(fieldAt(row.fields, name), `${row.where}: ${fieldName(row, name)}`);
}

/** What tells a row's split: the text of its prompt, whatever `system` says. */
export function questionOf(task: RowTask, options: RowOptions): string {
  const row = rowOf(task, options);
  const given = conversationField(row, options.template);
  return given === undefined ? fill(options.template, row) : JSON.stringify(given);
}

/** What supervised fine-tuning teaches. @throws InputError naming the row when it lacks a field of the target. */
export const targetOf = (task: RowTask, options: RowOptions): string =>
  textOfTarget(rowOf(task, options), options);

/** A target's text; of a conversation that is one turn of the assistant, that turn's. */
function textOfTarget(row: TemplateRow, options: RowOptions): string {
  const { target } = options;
  const taught = taughtIn(row, options)?.at(-1);
  if (taught?.tool_calls !== undefined)
    throw new InputError(
      `${row.where}: the last turn calls tools, which only sft.turns 'all' can teach: as the chat template writes them`,
    );
  if (taught !== undefined) return taught.content;
  const given = conversationField(row, target);
  if (given?.length === 1 && given[0]!.role === 'assistant') return given[0]!.content;
  return fill(target, row);
}
