import type { z } from 'zod';
import { nearestNames } from '../../../options/nearest-names.ts';
import { fieldsAt, isInteger } from '../../../options/schema-fields.ts';
import { ApiError } from './api-error.ts';

type Issue = z.core.$ZodIssue;

/** The first thing that a schema found wrong with a request, in OpenAI's words and codes. */
export function issueError({ issues }: z.core.$ZodError, schema: z.core.$ZodType): ApiError {
  const issue = deepest(issues[0]!);
  const keys = issue.code === 'unrecognized_keys' ? [issue.keys[0]!] : [];
  const param = pathText([...issue.path, ...keys]);
  const integer = isInteger(schema, issue.path);
  const { code, message } = told(issue, { param, schema, integer });
  return new ApiError(400, message, { param: param === '' ? null : param, code });
}

/** A path as Python and JavaScript write it: `messages[0].content`. */
export const pathText = (path: readonly PropertyKey[]): string =>
  path.map((key, i) => (typeof key === 'number' ? `[${key}]` : `${i > 0 ? '.' : ''}${String(key)}`)).join('');

/** Of a field that may have several forms: what is wrong with the form that was meant. */
function deepest(issue: Issue): Issue {
  if (issue.code !== 'invalid_union') return issue;
  const within = issue.errors.flatMap(([first]) => first ?? []).find(meant);
  return within === undefined ? issue : deepest({ ...within, path: [...issue.path, ...within.path] });
}

/** Whether a form of a field was meant: its kind is right, and something about it is wrong. */
const meant = ({ path, code }: Issue): boolean => path.length > 0 || code !== 'invalid_type';

/** Where an issue is. */
interface Place {
  readonly param: string;
  readonly schema: z.core.$ZodType;
  /** Whether whole numbers belong there. */
  readonly integer: boolean;
}

interface Told {
  readonly code: string;
  readonly message: string;
}

function told(issue: Issue, { param, schema, integer }: Place): Told {
  if (issue.code === 'unrecognized_keys') return unknown(issue.keys[0]!, param, fieldsAt(schema, issue.path));
  if (issue.code === 'custom') {
    const code = issue.params?.code ?? 'invalid_value';
    return { code, message: `Invalid '${param}': ${issue.message}` };
  }
  if (issue.input === undefined) {
    const message = `Missing required parameter: '${param}'.`;
    return { code: 'missing_required_parameter', message };
  }
  if (issue.code === 'invalid_type') {
    const message = `Invalid type for '${param}': expected ${kinds[integer ? 'int' : issue.expected] ?? issue.expected}, but got ${kindOf(issue.input)} instead.`;
    return { code: 'invalid_type', message };
  }
  if (issue.code === 'too_small' || issue.code === 'too_big') return outOfRange(issue, param, integer);
  const message = issue.code === 'invalid_union' ? oneOf(issue) : issue.message;
  return {
    code: 'invalid_value',
    message: `Invalid '${param}': ${message}, but got ${shown(wrongPart(issue))}.`,
  };
}

/** What is wrong in an issue's input: of an object whose kind is told by a field, that field. */
const wrongPart = (issue: Issue): unknown =>
  issue.code === 'invalid_union' && issue.discriminator !== undefined
    ? (issue.input as Record<string, unknown>)[issue.discriminator]
    : issue.input;

type RangeIssue = Extract<Issue, { code: 'too_small' | 'too_big' }>;

function unknown(key: string, param: string, known: readonly string[]): Told {
  const [near] = nearestNames(key, known, 1);
  const hint = near === undefined ? 'Leave it out.' : `Did you mean '${near}'?`;
  return { code: 'unknown_parameter', message: `Unknown parameter: '${param}'. ${hint}` };
}

function outOfRange(issue: RangeIssue, param: string, integer: boolean): Told {
  const { origin, inclusive, input } = issue;
  const [small, edge] =
    issue.code === 'too_small' ? [true, issue.minimum] : ([false, issue.maximum] as const);
  if (origin === 'array' || origin === 'string') {
    if (small) return { code: `empty_${origin}`, message: `Invalid '${param}': it must not be empty.` };
    const message = `Invalid '${param}': at most ${edge} ${origin === 'array' ? 'elements' : 'characters'}.`;
    return { code: `${origin}_above_max_length`, message };
  }
  const sign = `${small ? '>' : '<'}${inclusive ? '=' : ''}`;
  return {
    code: `${integer ? 'integer' : 'decimal'}_${small ? 'below_min_value' : 'above_max_value'}`,
    message: `Invalid '${param}': expected a value ${sign} ${edge}, but got ${shown(input)} instead.`,
  };
}

const oneOf = (issue: Extract<Issue, { code: 'invalid_union' }>): string =>
  'options' in issue && Array.isArray(issue.options)
    ? `it is one of ${issue.options.map((option) => `'${String(option)}'`).join(', ')}`
    : issue.message;

const kinds: Readonly<Record<string, string>> = {
  string: 'a string',
  number: 'a number',
  int: 'an integer',
  boolean: 'true or false',
  array: 'an array',
  object: 'an object',
  record: 'an object',
};

function kindOf(input: unknown): string {
  if (input === null) return 'null';
  if (Array.isArray(input)) return 'an array';
  if (typeof input === 'number' && !Number.isFinite(input)) return 'a number beyond the range of doubles';
  if (typeof input === 'number') return Number.isInteger(input) ? 'an integer' : 'a decimal';
  return (
    { string: 'a string', boolean: 'a boolean', object: 'an object' }[typeof input as string] ?? 'nothing'
  );
}

/** A value as it was sent, cut off where it is long. */
function shown(input: unknown): string {
  const text = JSON.stringify(input) ?? 'nothing';
  return text.length <= 80 ? text : `${text.slice(0, 80)}…`;
}
