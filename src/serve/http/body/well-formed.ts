import { ApiError, badField } from '../errors/api-error.ts';
import { pathText } from '../errors/issue-error.ts';

/** Levels of arrays and objects within each other. */
const MOST_LEVELS = 64;
/** Elements of an array: one message, tool, stop string or prompt each. */
const MOST_ELEMENTS = 4096;
/** Values that are known and not looked at yet. */
const MOST_WAITING = 65_536;
/** Fields that hold token ids, which may be as many as a body holds. */
const IDS = ['prompt', 'tokens'];

/**
 * Checks what holds of every request before its schema is looked at, so that the schema's work is bounded: how deep and
 * how wide it is, and that its texts are Unicode (a lone surrogate such as "\ud800" has no UTF-8, so no tokens).
 * @throws ApiError naming the place.
 */
export function checkWellFormed(body: object): void {
  const rest: { readonly value: unknown; readonly path: readonly (string | number)[] }[] = [
    { value: body, path: [] },
  ];
  for (let next = rest.pop(); next !== undefined; next = rest.pop()) {
    const { value, path } = next;
    if (typeof value === 'string') checkText(value, path);
    if (typeof value !== 'object' || value === null) continue;
    checkSize(value, path);
    if (Array.isArray(value)) {
      for (const [i, element] of value.entries())
        if (typeof element !== 'number') rest.push({ value: element, path: [...path, i] });
      if (rest.length > MOST_WAITING) throw tooMany(path, MOST_WAITING);
      continue;
    }
    for (const [key, field] of Object.entries(value)) {
      checkText(key, path);
      rest.push({ value: field, path: [...path, key] });
    }
  }
}

function checkText(text: string, path: readonly (string | number)[]): void {
  if (!/\p{Surrogate}/u.test(text)) return;
  const param = pathText(path);
  throw badField(
    param,
    `Invalid '${param}': it holds half of a surrogate pair (such as "\\ud800"), which is no character: send whole characters.`,
    'invalid_unicode',
  );
}

function checkSize(value: object, path: readonly (string | number)[]): void {
  if (path.length > MOST_LEVELS)
    throw new ApiError(400, `The body is nested more than ${MOST_LEVELS} levels deep.`, {
      code: 'invalid_json',
    });
  if (!Array.isArray(value) || value.length <= MOST_ELEMENTS || IDS.includes(String(path[0]))) return;
  throw tooMany(path, MOST_ELEMENTS);
}

function tooMany(path: readonly (string | number)[], most: number): ApiError {
  const param = pathText(path);
  return badField(param, `Invalid '${param}': at most ${most} elements.`, 'array_above_max_length');
}
