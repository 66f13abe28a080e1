import type { Message, Tool } from '../../../types.ts';
import type { ModelService, ServedModel } from '../../model-service.ts';
import { badField } from '../errors/api-error.ts';
import { inField } from '../errors/in-field.ts';
import { checkLength } from '../generation/prompt-room.ts';
import type { MessageField, ToolField } from '../schemas/messages.ts';
import { toMessage } from './to-message.ts';

/** A conversation as a client sends it. */
export interface Conversation {
  readonly messages: readonly MessageField[];
  readonly tools: readonly ToolField[];
  readonly chat_template_kwargs?: Readonly<Record<string, unknown>> | null | undefined;
  readonly add_generation_prompt?: boolean | null | undefined;
  readonly continue_final_message?: boolean | null | undefined;
}

/**
 * Ids of a conversation through the model's chat template.
 * @throws ApiError naming `messages` or `tools` when the template refuses them, or has no place for tools.
 */
export async function encodeConversation(
  conversation: Conversation,
  model: ServedModel,
  service: ModelService,
): Promise<readonly number[]> {
  const messages = conversation.messages.map(toMessage);
  for (const [i, { content }] of messages.entries()) checkLength(content, model, `messages[${i}].content`);
  const variables = conversation.chat_template_kwargs;
  const begins = beginsTurn(conversation, messages);
  const options = {
    ...(variables == null ? {} : { variables }),
    ...(begins === undefined ? {} : { addGenerationPrompt: begins }),
  };
  const encode = (tools: readonly ToolField[]) =>
    inField('messages', () =>
      service.encodeChat(
        model.name,
        messages,
        tools.length === 0 ? options : { ...options, tools: tools.map(toTool) },
      ),
    );
  const ids = await encode(conversation.tools);
  if (conversation.tools.length > 0) checkTold(ids, await encode([]), model);
  return ids;
}

/** Whether a turn of the assistant begins; undefined leaves it to the conversation's last turn. */
function beginsTurn(
  { add_generation_prompt: begins, continue_final_message: goesOn }: Conversation,
  messages: readonly Message[],
) {
  const last = messages.at(-1)!.role === 'assistant';
  if (goesOn === true && !last)
    throw badField(
      'continue_final_message',
      "Invalid 'continue_final_message': the last message is not the assistant's.",
    );
  if (goesOn === true && begins === true)
    throw badField(
      'add_generation_prompt',
      "Invalid 'add_generation_prompt': a turn can't begin while the last one is continued.",
    );
  return begins ?? (goesOn === false && last ? true : undefined);
}

/** @throws ApiError when the prompt is the same without the tools. */
function checkTold(ids: readonly number[], without: readonly number[], { name }: ServedModel): void {
  if (ids.length !== without.length || ids.some((id, i) => id !== without[i])) return;
  throw badField(
    'tools',
    `Invalid 'tools': the chat template of ${name} has no place for tools: describe them in a message.`,
    'unsupported_parameter',
  );
}

function toTool({ type, function: { name, description, parameters } }: ToolField): Tool {
  return {
    type,
    function: {
      name,
      ...(description === undefined ? {} : { description }),
      ...(parameters === undefined ? {} : { parameters }),
    },
  };
}
