import { z } from 'zod';
import { neutral } from './neutral.ts';
import { promptField } from './prompt.ts';
import { samplingFields } from './sampling.ts';

/** Tokens beside a sampled one, at most, as vLLM. */
export const MOST_LOGPROBS = 20;

/** POST /v1/completions. */
export const completionRequest = z.strictObject({
  ...samplingFields,
  prompt: promptField,
  max_tokens: z
    .int()
    .min(0)
    .nullish()
    .meta({ description: 'Most tokens of a completion. Default 16. 0 with echo: none.' }),
  logprobs: z
    .int()
    .min(0)
    .max(MOST_LOGPROBS)
    .nullish()
    .meta({ description: 'Log-probs of the tokens, with so many of the likeliest beside.' }),
  echo: z
    .boolean()
    .nullish()
    .meta({ description: 'The prompt before the completion, in text and log-probs.' }),
  best_of: z.int().nullish().meta({ description: 'Accepted where it equals n.' }),
  suffix: neutral([''], 'completions go on after the prompt only'),
  add_special_tokens: neutral([true], 'send the prompt as token ids'),
  return_tokens_as_token_ids: neutral([false], 'send return_token_ids'),
  response_format: neutral([{ type: 'text' }], 'decoding to a grammar is not supported'),
});

export type CompletionRequest = z.output<typeof completionRequest>;
