import { z } from 'zod';

/**
 * The fields right below a schema, by name: of an object its keys, of a union those of every option, of an array its
 * element under '<n>', of a transformed one those that it is written with. None for a leaf.
 */
export function fieldsOf(schema: z.core.$ZodType): Readonly<Record<string, z.core.$ZodType>> {
  if (schema instanceof z.ZodObject) return schema.shape;
  if (schema instanceof z.ZodArray) return { '<n>': schema.element };
  if (schema instanceof z.ZodUnion) return Object.assign({}, ...schema.options.map(fieldsOf));
  if (schema instanceof z.ZodPipe) return fieldsOf(schema.in);
  const wrapped = schema instanceof z.ZodType && 'innerType' in schema.def ? schema.def.innerType : undefined;
  return wrapped instanceof z.ZodType ? fieldsOf(wrapped) : {};
}

/** Every field below a schema, as a dotted path. */
export function fieldPaths(schema: z.core.$ZodType, prefix = ''): string[] {
  return Object.entries(fieldsOf(schema)).flatMap(([name, field]) => {
    const below = fieldPaths(field, `${prefix}${name}.`);
    return [`${prefix}${name}`, ...below];
  });
}
