import { subscript } from '../values/attributes.ts';
import { lower } from '../values/letters.ts';
import { type Named, TemplateError, typeName, Undefined, type Value } from '../values/values.ts';

export type Filter = (value: Value, args: readonly Value[], named: Named) => Value;

/** Reads `a.b.0` of an item, as the `attribute` of filters names it. */
export function attributeReader(
  attribute: Value,
  otherwise: Value | undefined = undefined,
): (item: Value) => Value {
  const parts = attributeParts(attribute);
  return (item) => {
    let found = item;
    for (const part of parts) {
      found = subscript(found, part);
      if (found instanceof Undefined && otherwise != null) found = otherwise;
    }
    return found;
  };
}

function attributeParts(attribute: Value): Value[] {
  if (attribute === null) return [];
  if (typeof attribute === 'bigint') return [attribute];
  if (typeof attribute !== 'string')
    throw new TemplateError(`an attribute is a text, not ${typeName(attribute)}`);
  return attribute.split('.').map((part) => (/^\d+$/.test(part) ? BigInt(part) : part));
}

/** A text in small letters, where the case does not count; any other value as it is. */
export const withoutCase = (value: Value): Value => (typeof value === 'string' ? lower(value) : value);
