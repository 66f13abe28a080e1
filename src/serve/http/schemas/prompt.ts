import { z } from 'zod';

/** Texts or lists of ids in one request. */
export const MOST_PROMPTS = 1024;

/** Prompts of /v1/completions: a text, the ids of one, or a list of either. */
export type PromptField = string | string[] | number[] | number[][];

const isId = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

/** The first element that is no token id, as an index. */
const notId = (ids: readonly unknown[]): number => ids.findIndex((id) => !isId(id));

/** What is wrong with a list of ids. In one pass and with one issue, however long it is. */
function idsIssue(ids: readonly unknown[], path: readonly number[]) {
  const at = notId(ids);
  if (at === -1) return undefined;
  return { path: [...path, at], message: `a token id is a whole number from 0, but got ${shown(ids[at])}` };
}

function promptIssue(prompt: unknown): { path: readonly number[]; message: string } | undefined {
  if (typeof prompt === 'string') return undefined;
  const forms = 'it is a text, a list of texts, a list of token ids, or a list of such lists';
  if (!Array.isArray(prompt)) return { path: [], message: `${forms}, but got ${shown(prompt)}` };
  if (prompt.length === 0) return { path: [], message: `it must not be empty: ${forms}` };
  if (typeof prompt[0] === 'number') return idsIssue(prompt, []);
  if (prompt.length > MOST_PROMPTS)
    return { path: [], message: `at most ${MOST_PROMPTS} prompts in a request` };
  for (const [i, one] of prompt.entries()) {
    const alike = Array.isArray(prompt[0]) ? Array.isArray(one) : typeof one === 'string';
    if (!alike) return { path: [i], message: `${forms}, but got ${shown(one)}` };
    if (!Array.isArray(one)) continue;
    if (one.length === 0) return { path: [i], message: 'a list of token ids must not be empty' };
    const issue = idsIssue(one, [i]);
    if (issue !== undefined) return issue;
  }
  return undefined;
}

/** A check that gives one issue at most; lists of a million wrong elements must not give a million. */
const checked = <T>(issueOf: (value: unknown) => { path: readonly number[]; message: string } | undefined) =>
  z.custom<T>().check((payload) => {
    const issue = payload.value === undefined ? undefined : issueOf(payload.value);
    if (issue) payload.issues.push({ code: 'custom', input: payload.value, ...issue, path: [...issue.path] });
    if (payload.value === undefined)
      payload.issues.push({ code: 'invalid_type', expected: 'nonoptional', input: undefined, path: [] });
  });

const ids = { type: 'array', items: { type: 'integer', minimum: 0 }, minItems: 1 } as const;

export const promptField = checked<PromptField>(promptIssue).meta({
  description: 'A text, the ids of one, or a list of either.',
  anyOf: [
    { type: 'string' },
    { type: 'array', items: { type: 'string' }, minItems: 1 },
    ids,
    { type: 'array', items: ids, minItems: 1 },
  ],
});

/** Token ids, as many as a body holds. */
export const idsField = checked<number[]>((value) =>
  Array.isArray(value)
    ? idsIssue(value, [])
    : { path: [], message: `it is a list of token ids, but got ${shown(value)}` },
).meta({ ...ids, minItems: 0 });

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length <= 40 ? text : `${text.slice(0, 40)}…`;
}
