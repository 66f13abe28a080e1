import { z } from 'zod';

const notText = 'this server reads text only: send parts of type "text"';

const textPart = z.strictObject({ type: z.literal('text'), text: z.string() });
/** Parts that OpenAI has and this server can't read. */
const otherPart = z
  .looseObject({ type: z.enum(['image_url', 'input_audio', 'file', 'video_url', 'audio_url']) })
  .refine(() => false, { error: notText, params: { code: 'unsupported_value' } });

const content = z.union([z.string(), z.array(z.discriminatedUnion('type', [textPart, otherPart])).min(1)], {
  error: 'it is a text or a list of parts of type "text"',
});

const toolCall = z.strictObject({
  id: z.string().nullish(),
  type: z.literal('function').nullish(),
  function: z.strictObject({
    name: z.string().min(1),
    arguments: z.string().meta({ description: 'JSON of an object.' }),
  }),
  index: z.int().nullish(),
});

/** Beside role and content: `type` is what lm-evaluation-harness sends. */
const common = { name: z.string().nullish(), type: z.literal('text').optional() };

/** A turn of a conversation. */
export const message = z.discriminatedUnion('role', [
  z.strictObject({ role: z.literal('system'), content, ...common }),
  z.strictObject({ role: z.literal('developer'), content, ...common }),
  z.strictObject({ role: z.literal('user'), content, ...common }),
  z.strictObject({
    role: z.literal('assistant'),
    content: content.nullish(),
    tool_calls: z.array(toolCall).nullish(),
    reasoning_content: z.string().nullish(),
    refusal: z.string().nullish(),
    annotations: z.array(z.unknown()).nullish(),
    audio: z.null().optional(),
    function_call: z.null().optional(),
    ...common,
  }),
  z.strictObject({ role: z.literal('tool'), content, tool_call_id: z.string().min(1), ...common }),
]);

export type MessageField = z.output<typeof message>;

/** A conversation. */
export const messagesField = z.array(message).min(1);

/** A tool that the model may call. */
export const tool = z.strictObject({
  type: z.literal('function', { error: 'tools are of type "function"' }),
  function: z.strictObject({
    name: z
      .string()
      .regex(/^[\w.-]{1,64}$/, { error: 'a name has 1 to 64 letters, digits, dots, dashes and underscores' }),
    description: z.string().optional(),
    parameters: z.record(z.string(), z.unknown()).optional(),
    strict: z.boolean().nullish(),
  }),
});

export type ToolField = z.output<typeof tool>;

/** Variables of the chat template, as vLLM's. */
export const templateVariables = z
  .record(z.string(), z.unknown())
  .nullish()
  .meta({ description: 'Variables of the chat template, such as enable_thinking. As in vLLM.' });
