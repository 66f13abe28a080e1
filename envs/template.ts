import { InputError } from '../src/errors.ts';

/** A field in braces: {question}, or one inside a structure, {reward_model.ground_truth}. */
const field = /\{(\w+|[A-Za-z_]\w*(?:\.\w+)+)\}/g;

/** The names in braces. */
export const fieldsOf = (template: string): string[] =>
  [...template.matchAll(field)].map((match) => match[1]!);

/** The field that a template consists of: 'prompt' of '{prompt}'; undefined where there is more. */
export function onlyField(template: string): string | undefined {
  const [name, ...more] = fieldsOf(template);
  return more.length === 0 && template === `{${name}}` ? name : undefined;
}

export type Fields = Readonly<Record<string, unknown>>;

/**
 * What a name stands for: the field so called, else what lies inside one: 'a.b', or 'a.0' of a list; undefined where
 * there is none.
 */
export function fieldAt(fields: Fields, name: string): unknown {
  if (Object.hasOwn(fields, name)) return fields[name];
  return name.split('.').reduce<unknown>((value, part) => {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, part)) return undefined;
    return (value as Fields)[part];
  }, fields);
}

/** A row as templates see it. */
export interface TemplateRow {
  readonly fields: Fields;
  /** FILE:LINE, for messages. */
  readonly where: string;
  /** Field ← column, where they are called differently. */
  readonly columns: Readonly<Record<string, string>>;
}

/**
 * Puts a row's fields in place of their names in braces: 'Q: {question}'. Other braces stay as they are.
 * @throws InputError naming row and column when a field is missing, null, or neither text nor a number.
 */
export function fill(template: string, row: TemplateRow): string {
  return template.replace(field, (_, name: string) => textField(row, name));
}

/** A field as text. @throws InputError as `fill` does. */
export function textField(row: TemplateRow, name: string): string {
  const { fields, where } = row;
  const value = fieldAt(fields, name);
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  if (value === null) throw new InputError(`${where}: ${fieldName(row, name)} is null`);
  if (value === undefined) throw new InputError(missing(fields, name, where));
  const kind = Array.isArray(value) ? 'a list' : 'a structure';
  const inner = `${name}.${Object.keys(value)[0] ?? '0'}`;
  throw new InputError(
    `${where}: ${fieldName(row, name)} is ${kind}, ${shown(value)}; text or a number is needed here: name what counts inside it, such as "${inner}"`,
  );
}

/** A field by its name, and its column's where that is another. */
export function fieldName({ columns }: Pick<TemplateRow, 'columns'>, name: string): string {
  const column = columns[name];
  return column === undefined ? `field "${name}"` : `field "${name}" (column "${column}")`;
}

function missing(fields: Fields, name: string, where: string): string {
  const outer = name.split('.')[0]!;
  if (outer !== name && Object.hasOwn(fields, outer))
    return `${where}: field "${name}" is missing; "${outer}" is ${shown(fields[outer])}`;
  const own = Object.keys(fields).join(', ');
  return `${where}: field "${name}" is missing; the row has ${own} (name its column with columns: { ${name}: COLUMN })`;
}

function shown(value: unknown): string {
  const json = JSON.stringify(value) ?? String(value);
  return json.length > 80 ? `${json.slice(0, 80)}…` : json;
}
