import { z } from 'zod';
import { MOST_LOGPROBS } from './completion-request.ts';
import { messagesField, templateVariables, tool } from './messages.ts';
import { neutral, unused } from './neutral.ts';
import { samplingFields } from './sampling.ts';

const grammar = 'describe the format in the prompt';

const toolChoice = z
  .enum(['auto', 'none'], {
    error:
      'a call can\'t be forced, because decoding to a grammar is not supported; send "auto" or "none", and ask for the call in the prompt',
  })
  .nullish()
  .meta({ description: 'auto: the model decides. none: it is not told of the tools.' });

/** POST /v1/chat/completions. */
export const chatRequest = z.strictObject({
  ...samplingFields,
  messages: messagesField,
  max_completion_tokens: z
    .int()
    .min(1)
    .nullish()
    .meta({ description: 'Most tokens of the answer. Default: as many as there are positions.' }),
  max_tokens: z.int().min(1).nullish().meta({ description: 'The older name of max_completion_tokens.' }),
  logprobs: z.boolean().nullish().meta({ description: 'Log-probs of the tokens.' }),
  top_logprobs: z
    .int()
    .min(0)
    .max(MOST_LOGPROBS)
    .nullish()
    .meta({ description: 'So many of the likeliest tokens beside each; logprobs must be true.' }),
  tools: z.array(tool).nullish().meta({ description: 'Given to the chat template.' }),
  tool_choice: toolChoice,
  parallel_tool_calls: neutral([true], 'the model decides how many tools it calls'),
  chat_template_kwargs: templateVariables,
  add_generation_prompt: z
    .boolean()
    .nullish()
    .meta({ description: 'Whether a turn of the assistant begins. As in vLLM.' }),
  continue_final_message: z
    .boolean()
    .nullish()
    .meta({ description: 'Whether the last turn, of the assistant, is continued. Default true.' }),
  response_format: neutral([{ type: 'text' }], grammar),
  functions: neutral([[]], 'use tools'),
  function_call: neutral([], 'use tool_choice'),
  modalities: neutral([['text']], 'this server writes text only'),
  audio: neutral([], 'this server writes text only'),
  prediction: neutral([], 'leave it out'),
  reasoning_effort: neutral([], 'use chat_template_kwargs, where the template has such a variable'),
  verbosity: neutral([], 'say it in the prompt'),
  web_search_options: neutral([], 'leave it out'),
  echo: neutral([false], 'use /v1/completions'),
  add_special_tokens: neutral([false], 'the chat template writes them'),
  chat_template: neutral([], 'the model’s own is used'),
  safety_identifier: unused(z.string()),
  prompt_cache_key: unused(z.string()),
  prompt_cache_retention: unused(z.string()),
});

export type ChatRequest = z.output<typeof chatRequest>;
