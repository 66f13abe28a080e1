import { z } from 'zod';

/**
 * A field that clients send and this server has no use for. A value that changes nothing is accepted; any other is
 * refused, with what to do instead.
 * @param values what changes nothing, beside null; `[]` and `{}` stand for themselves.
 */
export function neutral(values: readonly unknown[], advice: string) {
  const accepted = [...values.map((value) => JSON.stringify(value)), 'null'];
  const only = values.length === 0 ? 'null' : values.map((value) => JSON.stringify(value)).join(' or ');
  return z
    .any()
    .refine((value) => value === undefined || accepted.includes(JSON.stringify(value)), {
      error: `it is not supported, beyond ${only}: ${advice}`,
      params: { code: 'unsupported_parameter' },
    })
    .meta({ enum: [...values, null], description: `Accepted where it changes nothing: ${advice}.` })
    .optional();
}

/** A field that says something about the client's own books: accepted, and not used. */
export const unused = (schema: z.ZodType) =>
  schema.nullish().meta({ description: 'Accepted, and not used.' });
