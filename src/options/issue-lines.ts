import type { z } from 'zod';
import { nearestNames } from './nearest-names.ts';
import { fieldsAt } from './schema-fields.ts';

type Issue = z.core.$ZodIssue;

/** What an issue of unknown keys may carry: the keys that are known there. */
interface KnownAmong {
  readonly among: readonly string[];
}

/**
 * The issues of a schema that code chose among several; each unknown key comes with the keys that are known in its
 * place.
 */
export function issuesOf(
  error: z.core.$ZodError | undefined,
  schema: z.core.$ZodType,
): z.core.$ZodRawIssue[] {
  return (error?.issues ?? []).map((issue) => {
    const known: KnownAmong | false = issue.code === 'unrecognized_keys' && {
      among: fieldsAt(schema, issue.path),
    };
    return { ...issue, ...known } as z.core.$ZodRawIssue;
  });
}

/**
 * What a schema found wrong, a line an issue: where, what, and the value given; of an unknown field what was meant, or
 * what there is.
 */
export function issueLines({ issues }: z.core.$ZodError, schema: z.core.$ZodType, root = ''): string[] {
  return issues.map((issue) => {
    const path = issue.path.join('.') || root;
    const message = missing(issue) ? 'is required' : `${issue.message}${meant(issue, schema)}${given(issue)}`;
    return path === '' ? message : `${path}: ${message}`;
  });
}

const missing = ({ code, input }: Issue): boolean => code === 'invalid_type' && input === undefined;

function given({ input }: Issue): string {
  return input === undefined || typeof input === 'object' || typeof input === 'function'
    ? ''
    : ` (got ${JSON.stringify(input)})`;
}

function meant(issue: Issue, schema: z.core.$ZodType): string {
  if (issue.code !== 'unrecognized_keys') return '';
  const names = (issue as Partial<KnownAmong>).among ?? fieldsAt(schema, issue.path);
  const near = issue.keys.flatMap((key) => nearestNames(key, names, 1));
  if (near.length > 0) return `; did you mean ${near.join(', ')}?`;
  return names.length > 0 ? `; there are ${names.join(', ')}` : '';
}
