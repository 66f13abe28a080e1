import { type Named, TemplateError, typeName, type Value } from './values.ts';

/**
 * What was given for each parameter, by place or by name; undefined where nothing was.
 * @throws TemplateError for too many arguments, unknown names, or one given twice.
 */
export function bind(
  what: string,
  parameters: readonly string[],
  args: readonly Value[],
  named: Named,
): (Value | undefined)[] {
  if (args.length > parameters.length)
    throw new TemplateError(`${what} takes at most ${parameters.length} arguments, not ${args.length}`);
  const bound: (Value | undefined)[] = parameters.map((_, i) => args[i]);
  for (const [name, value] of named) {
    const at = parameters.indexOf(name);
    if (at < 0) throw new TemplateError(`${what} has no argument "${name}"`);
    if (bound[at] !== undefined) throw new TemplateError(`${what} is given "${name}" twice`);
    bound[at] = value;
  }
  return bound;
}

/** A whole number that was given, or what stands in for it. @throws TemplateError for anything else. */
export function integer(value: Value | undefined, otherwise: number): number {
  if (value === undefined) return otherwise;
  if (typeof value === 'bigint') return Number(value);
  if (typeof value === 'boolean') return value ? 1 : 0;
  throw new TemplateError(`'${typeName(value)}' object cannot be interpreted as an integer`);
}

/** A text that was given. @throws TemplateError for anything else. */
export function text(value: Value | undefined): string {
  if (typeof value === 'string') return value;
  throw new TemplateError(`a text is needed, not ${value === undefined ? 'nothing' : typeName(value)}`);
}
