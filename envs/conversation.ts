import { InputError } from '../src/errors.ts';
import type { Message } from '../src/types.ts';

const roles: readonly unknown[] = ['system', 'user', 'assistant', 'tool'] satisfies Message['role'][];

/**
 * The conversation that a value is: a list of { role, content }, the chat format of data sets; undefined for any other
 * value.
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
    if (typeof content !== 'string')
      throw new InputError(
        `${where}: message ${i + 1} has no text as its content: ${JSON.stringify(content).slice(0, 80)}`,
      );
    const calls = message.tool_calls;
    if (Array.isArray(calls) && calls.length > 0)
      throw new InputError(`${where}: message ${i + 1} has tool_calls; only text can be used`);
    return { role: role as Message['role'], content };
  });
}

type MessageLike = { readonly role: unknown; readonly content: unknown; readonly tool_calls?: unknown };

const isMessageLike = (item: unknown): item is MessageLike =>
  typeof item === 'object' && item !== null && 'role' in item && 'content' in item;
