import { z } from 'zod';
import { neutral, unused } from './neutral.ts';

/** Stop strings of one request. */
const MOST_STOPS = 16;

/** Characters of a stop string. */
const LONGEST_STOP = 1000;

const stopText = z.string().min(1).max(LONGEST_STOP);

/** Fields that /v1/completions and /v1/chat/completions share. */
export const samplingFields = {
  model: z.string().meta({ description: 'Name of a served model: GET /v1/models lists them.' }),
  temperature: z
    .number()
    .min(0)
    .max(2)
    .nullish()
    .meta({ description: '0, or below 1e-5, is greedy decoding. Default 1.' }),
  top_p: z.number().min(0).max(1).nullish().meta({ description: 'Nucleus. Default 1.' }),
  top_k: z.int().min(-1).nullish().meta({ description: 'Likeliest tokens to choose from; 0 or −1 for all.' }),
  min_p: z
    .number()
    .min(0)
    .max(1)
    .nullish()
    .meta({ description: 'Least share of the likeliest token’s probability. Default 0.' }),
  repetition_penalty: z
    .number()
    .gt(0)
    .max(100)
    .nullish()
    .meta({ description: 'Above 1 makes tokens that occurred before less likely. Default 1.' }),
  n: z.int().min(1).max(128).nullish().meta({ description: 'Completions of each prompt. Default 1.' }),
  seed: z
    .int()
    .nullish()
    .meta({ description: 'The same seed and prompt give the same tokens. Default: a random one.' }),
  stop: z
    .union([stopText, z.array(stopText).max(MOST_STOPS)], { error: 'it is a text or a list of texts' })
    .nullish()
    .meta({
      description: `Texts that end a completion, up to ${MOST_STOPS} of ${LONGEST_STOP} characters; the text ends before them.`,
    }),
  stream: z.boolean().nullish().meta({ description: 'Server-sent events instead of one answer.' }),
  stream_options: z
    .strictObject({
      include_usage: z.boolean().nullish().meta({ description: 'A last chunk with the usage.' }),
      include_obfuscation: neutral([false], 'chunks are not padded'),
    })
    .nullish(),
  ignore_eos: z
    .boolean()
    .nullish()
    .meta({ description: 'Goes on after end tokens, to the token limit. As in vLLM.' }),
  return_token_ids: z
    .boolean()
    .nullish()
    .meta({ description: 'Also the ids of prompt and completion. As in vLLM.' }),
  presence_penalty: neutral([0], 'use repetition_penalty'),
  frequency_penalty: neutral([0], 'use repetition_penalty'),
  logit_bias: neutral([{}], 'leave it out'),
  length_penalty: neutral([1], 'leave it out'),
  use_beam_search: neutral([false], 'leave it out'),
  early_stopping: neutral([false], 'leave it out'),
  min_tokens: neutral([0], 'leave it out, or send ignore_eos with the number as max_tokens'),
  stop_token_ids: neutral([[]], 'use stop, with their text'),
  bad_words: neutral([[]], 'leave it out'),
  include_stop_str_in_output: neutral([false], 'the text ends before a stop string'),
  skip_special_tokens: neutral([true], 'send return_token_ids and read the ids'),
  spaces_between_special_tokens: neutral([true, false], 'leave it out'),
  truncate_prompt_tokens: neutral([], 'send a shorter prompt'),
  prompt_logprobs: neutral([], 'send echo and logprobs to /v1/completions'),
  priority: neutral([0], 'requests are taken in the order in which they come'),
  user: unused(z.string()),
  metadata: unused(z.record(z.string(), z.string())),
  store: neutral([false], 'nothing is stored'),
  service_tier: neutral(['auto', 'default'], 'there is one tier'),
};
