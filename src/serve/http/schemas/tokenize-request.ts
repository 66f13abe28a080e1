import { z } from 'zod';
import { messagesField, templateVariables, tool } from './messages.ts';
import { neutral } from './neutral.ts';
import { idsField } from './prompt.ts';

const model = z.string().nullish().meta({ description: 'Default: the first of GET /v1/models.' });

/** POST /tokenize, in vLLM's shape: a text, or a conversation. */
export const tokenizeRequest = z
  .strictObject({
    model,
    prompt: z.string().optional(),
    messages: messagesField.optional(),
    tools: z.array(tool).nullish(),
    chat_template_kwargs: templateVariables,
    add_generation_prompt: z.boolean().nullish(),
    return_token_strs: z.boolean().nullish().meta({ description: 'Also the text of each token.' }),
    add_special_tokens: neutral([true], 'the tokenizer decides'),
    continue_final_message: z.boolean().nullish(),
  })
  .refine(({ prompt, messages }) => (prompt === undefined) !== (messages === undefined), {
    error: 'give either prompt or messages',
    path: ['prompt'],
  });

/** POST /detokenize, in vLLM's shape. */
export const detokenizeRequest = z.strictObject({ model, tokens: idsField });

export type TokenizeRequest = z.output<typeof tokenizeRequest>;
