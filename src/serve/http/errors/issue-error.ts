import type { z } from 'zod';
import { nearestNames } from '../../../options/nearest-names.ts';
import { fieldsAt } from '../../../options/schema-fields.ts';
import { ApiError } from './api-error.ts';

type Issue = z.core.$ZodIssue;

/** The first thing that a schema found wrong with a request, in OpenAI's words and codes. */
export function issueError({ issues }: z.core.$ZodError, schema: z.core.$ZodType): ApiError {
  const issue = deepest(issues[0]!);
  const keys = issue.code === 'unrecognized_keys' ? [issue.keys[0]!] : [];
  const param = pathText([...issue.path, ...keys]);
  const { code, message } = told(issue, param, schema);
  return new ApiError(400, message, { param: param === '' ? null : param, code });
}

/** A path as Python and JavaScript write it: `messages[0].content`. */
export const pathText = (path: readonly PropertyKey[]): string =>
  path.map((key, i) => (typeof key === 'number' ? `[${key}]` : `${i > 0 ? '.' : ''}${String(key)}`)).join('');

/** Of a field that may have several forms: what is wrong with the form that was meant. */
function deepest(issue: Issue): Issue {
  if (issue.code !== 'invalid_union') return issue;
  const within = issue.errors.map(([first]) => first).find((first) => (first?.path.length ?? 0) > 0);
  return within === undefined ? issue : deepest({ ...within, path: [...issue.path, ...within.path] });
}

interface Told {
  readonly code: string;
  readonly message: string;
}

function told(issue: Issue, param: string, schema: z.core.$ZodType): Told {
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
    const message = `Invalid type for '${param}': expected ${kinds[issue.expected] ?? issue.expected}, but got ${kindOf(issue.input)} instead.`;
    return { code: 'invalid_type', message };
  }
  if (issue.code === 'too_small' || issue.code === 'too_big') return outOfRange(issue, param);
  const message = issue.code === 'invalid_union' ? oneOf(issue) : issue.message;
  return { code: 'invalid_value', message: `Invalid '${param}': ${message}, but got ${shown(issue.input)}.` };
}

function unknown(key: string, param: string, known: readonly string[]): Told {
  const [near] = nearestNames(key, known, 1);
  const hint = near === undefined ? 'Leave it out.' : `Did you mean '${near}'?`;
  return { code: 'unknown_parameter', message: `Unknown parameter: '${param}'. ${hint}` };
}

function outOfRange(issue: Extract<Issue, { code: 'too_small' | 'too_big' }>, param: string): Told {
  const small = issue.code === 'too_small';
  const kind = { int: 'integer', number: 'decimal' }[issue.origin as string] ?? issue.origin;
  const edge = small ? issue.minimum : issue.maximum;
  const sign = `${small ? '>' : '<'}${issue.inclusive ? '=' : ''}`;
  const empty = small && (issue.origin === 'array' || issue.origin === 'string');
  if (empty) return { code: `empty_${issue.origin}`, message: `Invalid '${param}': it must not be empty.` };
  const size = ['array', 'string'].includes(issue.origin);
  return {
    code: `${kind}_${small ? (size ? 'below_min_length' : 'below_min_value') : size ? 'above_max_length' : 'above_max_value'}`,
    message: size
      ? `Invalid '${param}': at most ${edge} ${issue.origin === 'array' ? 'elements' : 'characters'}.`
      : `Invalid '${param}': expected a value ${sign} ${edge}, but got ${shown(issue.input)} instead.`,
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
