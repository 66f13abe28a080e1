import { z } from 'zod';
import { InputError } from '../src/errors.ts';
import type { Message } from '../src/types.ts';

const roles: readonly unknown[] = ['system', 'user', 'assistant', 'tool'] satisfies Message['role'][];

/**
 * The conversation that a value is: a list of { role, content }, the chat format of data sets, with calls of tools and
 * their answers; undefined for any other value.
 * @param where the row and field, for messages.
 * @throws InputError for a list of such messages with a role or content that can't be used.
 */
export function conversationIn(value: unknown, where: string): readonly Message[] | undefined {
  if (!Array.isArray(value) || value.length === 0 || !value.every(isMessageLike)) return undefined;
  return value.map((message, i) => {
    const { role, content } = message;
    if (!roles.includes(role))
      throw new InputError(
        `${where}: message ${i + 1} has the role ${JSON.stringify(role)}; roles are ${roles.join(', ')}`,
      );
    const calls = Array.isArray(message.tool_calls) && message.tool_calls.length > 0;
    if (typeof content !== 'string' && !(calls && content == null))
      throw new InputError(
        `${where}: message ${i + 1} has no text as its content: ${JSON.stringify(content).slice(0, 80)}`,
      );
    return {
      role: role as Message['role'],
      content: content == null ? '' : String(content),
      ...fieldsForTemplates(message, `${where}: message ${i + 1}`),
    };
  });
}

/** Fields that chat templates read beside role and content, where a message has them. */
function fieldsForTemplates(message: MessageLike, where: string): Partial<Message> {
  const { success, data, error } = templateFields.safeParse(message);
  if (success)
    return Object.fromEntries(Object.entries(data).filter(([, value]) => value != null)) as Partial<Message>;
  const { path, message: why } = error.issues[0]!;
  throw new InputError(`${where}: ${path.join('.')}: ${why}`);
}

const templateFields = z.object({
  tool_calls: z
    .array(
      z.looseObject({
        function: z.looseObject({
          name: z.string(),
          arguments: z.union([z.string(), z.record(z.string(), z.unknown())]),
        }),
      }),
    )
    .nullish(),
  tool_call_id: z.string().nullish(),
  name: z.string().nullish(),
  reasoning_content: z.string().nullish(),
});

type MessageLike = { readonly role: unknown; readonly content: unknown; readonly tool_calls?: unknown };

const isMessageLike = (item: unknown): item is MessageLike =>
  typeof item === 'object' && item !== null && 'role' in item && 'content' in item;
