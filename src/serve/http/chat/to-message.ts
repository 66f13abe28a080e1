import type { Message, ToolCall } from '../../../types.ts';
import { badField } from '../errors/api-error.ts';
import type { MessageField } from '../schemas/messages.ts';

/**
 * A turn as chat templates take it: parts of text become lines, `developer` is `system`, and a call's arguments are a
 * record.
 * @throws ApiError for a turn of the assistant that says nothing, or a call whose arguments are no JSON.
 */
export function toMessage(message: MessageField, index: number): Message {
  const { role } = message;
  const name = message.name == null ? {} : { name: message.name };
  if (role === 'tool')
    return { role, content: textOf(message.content), tool_call_id: message.tool_call_id, ...name };
  if (role !== 'assistant')
    return { role: role === 'developer' ? 'system' : role, content: textOf(message.content), ...name };
  const calls = message.tool_calls ?? [];
  const said = message.content ?? message.refusal;
  if (said == null && calls.length === 0)
    throw badField(
      `messages[${index}].content`,
      `Missing required parameter: 'messages[${index}].content': a turn of the assistant has content or tool_calls.`,
      'missing_required_parameter',
    );
  const { reasoning_content: thought } = message;
  return {
    role,
    content: textOf(said ?? ''),
    ...(calls.length === 0
      ? {}
      : { tool_calls: calls.map((call, i) => toCall(call, `messages[${index}].tool_calls[${i}]`)) }),
    ...(thought == null ? {} : { reasoning_content: thought }),
    ...name,
  };
}

type Content = Extract<MessageField, { role: 'user' }>['content'];

const textOf = (content: Content): string =>
  typeof content === 'string'
    ? content
    : content.map((part) => ('text' in part ? String(part.text) : '')).join('\n');

type CallField = NonNullable<Extract<MessageField, { role: 'assistant' }>['tool_calls']>[number];

function toCall({ id, function: { name, arguments: json } }: CallField, where: string): ToolCall {
  return {
    type: 'function',
    ...(id == null ? {} : { id }),
    function: { name, arguments: recordOf(json, `${where}.function.arguments`) },
  };
}

function recordOf(json: string, param: string): Readonly<Record<string, unknown>> {
  try {
    const value = JSON.parse(json === '' ? '{}' : json);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  } catch {}
  throw badField(param, `Invalid '${param}': it is the JSON of an object, such as "{}".`);
}
