import { inspect } from 'node:util';
import * as errors from '../errors.ts';
import type { PackedError } from './protocol.ts';

/** The classes that an error can have on the other side; one of a class that is not here is of the nearest above it. */
const known = { ...errors, Error, TypeError, RangeError, SyntaxError, ReferenceError } as Readonly<
  Record<string, new (message: string, options?: ErrorOptions) => Error>
>;

/** An error as plain data, its causes too: structured clones lose the classes of errors. */
export function packError(thrown: unknown): PackedError {
  if (!(thrown instanceof Error)) return packError(new Error(asText(thrown)));
  const { name, message, stack, cause } = thrown;
  const own = Object.entries(thrown).filter(
    ([field, value]) =>
      !['name', 'cause'].includes(field) && (typeof value === 'string' || typeof value === 'number'),
  );
  return {
    classes: classesOf(thrown),
    name,
    message,
    stack,
    fields: Object.fromEntries(own),
    cause:
      cause === undefined ? undefined : cause instanceof Error ? packError(cause) : { text: asText(cause) },
  };
}

/** The error again: of the same class, with message, stack, causes and own fields. */
export function unpackError({ classes, name, message, stack, fields, cause }: PackedError): Error {
  const found = classes.find((each) => Object.hasOwn(known, each)) ?? 'Error';
  const because = cause === undefined ? {} : { cause: 'text' in cause ? cause.text : unpackError(cause) };
  const error = Object.assign(new known[found]!(message, because), fields);
  if (error.name !== name) Object.defineProperty(error, 'name', { value: name, configurable: true });
  if (stack !== undefined)
    Object.defineProperty(error, 'stack', { value: stack, configurable: true, writable: true });
  return error;
}

function classesOf(error: Error): string[] {
  const names: string[] = [];
  for (let each: object | null = Object.getPrototypeOf(error); each; each = Object.getPrototypeOf(each))
    names.push(each.constructor.name);
  return names;
}

const asText = (value: unknown): string => (typeof value === 'string' ? value : inspect(value));
