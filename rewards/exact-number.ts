import { InputError } from '../src/errors.ts';
import type { RewardFunction, Task } from '../src/types.ts';
import { perCompletion } from './batch/per-completion.ts';

export interface ExactNumberOptions {
  /** Field of the task that holds the right number, as a number or a string such as '1,234'. */
  readonly field?: string;
  /** Read the first number after the last such marker ('=', '####'); without it, the completion's last number. */
  readonly after?: string;
  readonly name?: string;
}

/**
 * 1 when the number that the completion ends on equals the task's number, else 0; compared digit by digit, so
 * neither size nor decimals round. `$`, thousands commas, a plus sign and trailing zeros make no difference.
 * @throws InputError when the task's own number can't be read: such a task is never counted as right.
 */
export function exactNumber(options: ExactNumberOptions = {}): RewardFunction {
  const { field = 'answer', after, name = 'exact_number' } = options;
  return perCompletion(name, (completion, task) => {
    const gold = goldNumber(task, field);
    return answerNumber(completion, after) === gold ? 1 : 0;
  });
}

/**
 * What is a sign, and no subtraction, range, bullet or dash: a hyphen, minus or en dash straight before a number, unless a
 * digit or closing bracket is straight before it; with a space behind it, one that follows a mark of a result, or a
 * minus that no operand precedes.
 */
const SIGN = /(?<![\d)\]])[-−–+]|[-−–](?<=[=:#][ \t]*.)[ \t]|−(?<!(?:[\d)\]}]|\b[a-z])\s*.)[ \t]/.source;
const SIZE = /(?:\d{1,3}(?:,\d{3})+(?!\d)|\d+)(?:\.\d+)?|(?<!\d)\.\d+/.source;
/** A number standing in text. */
const NUMBER = new RegExp(`(?:${SIGN})?\\$?(?:${SIZE})`, 'gi');

/** The number that a completion ends on, in its one spelling; undefined when there is none. `after` as in the options. */
export function answerNumber(completion: string, after?: string): string | undefined {
  if (after === undefined) return canonical([...completion.matchAll(NUMBER)].at(-1)?.[0]);
  const start = completion.lastIndexOf(after);
  if (start < 0) return undefined;
  // Whatever the marker is, a minus behind it is a sign, as behind an equals sign.
  return canonical(`=${completion.slice(start + after.length)}`.match(NUMBER)?.[0]);
}

function goldNumber(task: Task, field: string): string {
  const value = task[field];
  const text = typeof value === 'number' ? spelledOut(value) : value;
  const match = typeof text === 'string' ? text.trim().match(NUMBER) : null;
  if (match?.length !== 1 || match[0] !== (text as string).trim()) {
    throw new InputError(
      `task ${task.id}: field "${field}" must hold one plain number, got ${JSON.stringify(value) ?? 'nothing'}`,
    );
  }
  return canonical(match[0])!;
}

/** The number's digits, without the exponent that JavaScript gives very large and very small ones. */
function spelledOut(value: number): string {
  const parts = /^(-?)(\d)\.?(\d*)e([+-]\d+)$/.exec(String(value));
  if (parts === null) return String(value);
  const [, sign, first, decimals, exponent] = parts;
  const digits = `${first}${decimals}`;
  const point = 1 + Number(exponent);
  return sign + (point > 0 ? digits.padEnd(point, '0') : `0.${'0'.repeat(-point)}${digits}`);
}

/** The one spelling of a decimal number: no separators, no leading or trailing zeros, no negative zero. */
function canonical(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  const [whole = '', decimals = ''] = text.replace(/[^\d.]/g, '').split('.');
  const digits = whole.replace(/^0+(?=\d)/, '') || '0';
  const rest = decimals.replace(/0+$/, '');
  const size = rest === '' ? digits : `${digits}.${rest}`;
  return /^[-−–]/.test(text) && size !== '0' ? `-${size}` : size;
}
