import protobuf from 'protobufjs';

/**
 * A field: its type, its number, and its rule. A field without one is left out when it is zero, false or empty, as
 * proto3 has it; an `optional` one, or one of a oneof, is written whenever a message has it. A `map` is from strings.
 */
type Field = readonly [type: string, number: number, rule?: 'optional' | 'repeated' | 'map'];

/** The messages that a program writes: message → field → its declaration. Enums are declared as int32. */
export type MessageSchema = Readonly<Record<string, Readonly<Record<string, Field>>>>;

/** The types of a schema's messages. */
export function messageTypes(schema: MessageSchema): { readonly of: (message: string) => protobuf.Type } {
  const nested = Object.fromEntries(
    Object.entries(schema).map(([message, fields]) => [
      message,
      {
        fields: Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, declaration(field)])),
      },
    ]),
  );
  const root = protobuf.Root.fromJSON({ nested });
  return { of: (message) => root.lookupType(message) };
}

function declaration([type, id, rule]: Field): protobuf.IField & { readonly keyType?: string } {
  switch (rule) {
    case 'map':
      return { type, id, keyType: 'string' };
    case 'repeated':
      return { type, id, rule };
    case 'optional':
      return { type, id, options: { features: { field_presence: 'EXPLICIT' } } };
    default:
      return { type, id };
  }
}
