import { z } from 'zod';

type Fields = Readonly<Record<string, z.core.$ZodType>>;

const registered = new WeakMap<z.core.$ZodType, Fields>();

/** Registers the fields of a schema that code parses, because some of its fields decide which others there are. */
export function registerFields(schema: z.core.$ZodType, fields: Fields): void {
  registered.set(schema, fields);
}

/**
 * The fields right below a schema, by name: of an object its keys, of a union those of every option, of an array its
 * element under '<n>', of a transformed one those that it is written with, of a registered one those registered. None
 * for a leaf.
 */
export function fieldsOf(schema: z.core.$ZodType): Fields {
  const known = registered.get(schema);
  if (known) return known;
  if (schema instanceof z.ZodObject) return schema.shape;
  if (schema instanceof z.ZodArray) return { '<n>': schema.element };
  if (schema instanceof z.ZodUnion) return Object.assign({}, ...schema.options.map(fieldsOf));
  if (schema instanceof z.ZodPipe) return fieldsOf(schema.in);
  const wrapped = schema instanceof z.ZodType && 'innerType' in schema.def ? schema.def.innerType : undefined;
  return wrapped instanceof z.ZodType ? fieldsOf(wrapped) : {};
}

/** The names of the fields at a path below a schema; none where there is nothing. */
export function fieldsAt(schema: z.core.$ZodType, path: readonly PropertyKey[]): string[] {
  let at: z.core.$ZodType | undefined = schema;
  for (const name of path) at = at && fieldsOf(at)[/^\d+$/.test(String(name)) ? '<n>' : String(name)];
  return at ? Object.keys(fieldsOf(at)) : [];
}

/** Whether the field at a path below a schema takes whole numbers. */
export function isInteger(schema: z.core.$ZodType, path: readonly PropertyKey[]): boolean {
  let at: z.core.$ZodType | undefined = schema;
  for (const name of path) at = at && fieldsOf(at)[typeof name === 'number' ? '<n>' : String(name)];
  while (at instanceof z.ZodOptional || at instanceof z.ZodNullable) at = at.def.innerType;
  return at instanceof z.ZodNumber && at.isInt;
}

/** Every field below a schema, as a dotted path. */
export function fieldPaths(schema: z.core.$ZodType, prefix = ''): string[] {
  return Object.entries(fieldsOf(schema)).flatMap(([name, field]) => {
    const below = fieldPaths(field, `${prefix}${name}.`);
    return [`${prefix}${name}`, ...below];
  });
}

/** The fields of several shapes; one that they define differently is a union. */
export function mergedFields(shapes: readonly z.ZodRawShape[]): z.ZodRawShape {
  const found = new Map<string, Set<z.core.$ZodType>>();
  for (const [name, schema] of shapes.flatMap((shape) => Object.entries(shape))) {
    found.set(name, (found.get(name) ?? new Set()).add(schema));
  }
  return Object.fromEntries(
    [...found].map(([name, schemas]) => [
      name,
      schemas.size === 1 ? [...schemas][0]! : z.union([...schemas]),
    ]),
  );
}
