import protobuf from 'protobufjs';

/** A field: its type, its number, and whether it is repeated or a map from strings. */
type Field = readonly [type: string, number: number, rule?: 'repeated' | 'map'];

/** The messages that a program writes: message → field → its declaration. Enums are declared as int32. */
export type MessageSchema = Readonly<Record<string, Readonly<Record<string, Field>>>>;

/** The types of a schema's messages. A type writes every field that a message has, zeros too. */
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
  if (rule === 'map') return { type, id, keyType: 'string' };
  return rule === undefined ? { type, id } : { type, id, rule };
}
