import { str } from './show.ts';
import { type Named, TemplateError, Undefined, Unsupported, type Value } from './values.ts';

/** `str.format` with fields by place or name, without formats of their own. */
export function format(
  template: string,
  args: readonly Value[],
  named: Named,
  part: (value: Value, name: string, isItem: boolean) => Value,
): string {
  let next = 0;
  return template.replace(/\{\{|\}\}|\{([^{}]*)\}|[{}]/g, (whole, field: string | undefined) => {
    if (whole === '{{' || whole === '}}') return whole[0]!;
    if (field === undefined) throw new TemplateError(`Single '${whole}' encountered in format string`);
    if (/[:!]/.test(field)) throw new Unsupported(`the format field "{${field}}"`);
    const [, name, path] = /^([^.[]*)(.*)$/s.exec(field)!;
    const value = name === '' ? args[next++] : /^\d+$/.test(name!) ? args[Number(name)] : named.get(name!);
    if (value === undefined) throw new TemplateError(`the format has no value for "{${field}}"`);
    return str(alongPath(value, path!, part));
  });
}

function alongPath(
  value: Value,
  path: string,
  part: (value: Value, name: string, isItem: boolean) => Value,
): Value {
  let reached = value;
  for (const [, attribute, item] of path.matchAll(/\.([^.[]+)|\[([^\]]+)\]/g)) {
    reached = part(reached, attribute ?? item!, attribute === undefined);
    if (reached instanceof Undefined) throw new TemplateError(`a format field has no ${reached.what}`);
  }
  return reached;
}
