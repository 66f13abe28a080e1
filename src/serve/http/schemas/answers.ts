import { z } from 'zod';

// What the server answers, for its description. Its tests check real answers against these.

const count = z.int().min(0);
const ids = z.array(count);
const nats = z
  .number()
  .max(0.001)
  .meta({ description: 'Log-prob in nats at the sampling temperature; −9999 for −∞.' });

/** Tokens of a request. */
const usage = z.strictObject({
  prompt_tokens: count,
  completion_tokens: count,
  total_tokens: count,
  prompt_tokens_details: z.strictObject({
    cached_tokens: count.meta({
      description: 'Of the prompts, tokens whose keys and values were there already.',
    }),
  }),
});

const head = {
  id: z.string(),
  created: count.meta({ description: 'Seconds since 1970.' }),
  model: z.string(),
  system_fingerprint: z.string(),
};
const chunkUsage = usage
  .nullish()
  .meta({ description: 'With stream_options.include_usage; null in all chunks but the last.' });
const tokenIds = ids.optional().meta({ description: 'With return_token_ids; an end token is the last.' });
const promptTokenIds = ids.optional().meta({ description: 'With return_token_ids.' });
const stopReason = z.enum(['stop', 'length']);

const completionLogprobs = z.strictObject({
  tokens: z.array(z.string()),
  token_logprobs: z.array(nats.nullable()),
  top_logprobs: z.array(z.record(z.string(), nats).nullable()),
  text_offset: z.array(count).meta({ description: 'Where each token begins in text, in characters.' }),
});

const textChoice = z.strictObject({
  index: count,
  text: z.string(),
  logprobs: completionLogprobs.nullable(),
  finish_reason: stopReason.nullable(),
  token_ids: tokenIds,
  prompt_token_ids: promptTokenIds,
});

/** Answer and chunk of /v1/completions. */
export const completionAnswer = z.strictObject({
  ...head,
  object: z.literal('text_completion'),
  choices: z.array(textChoice),
  usage: chunkUsage,
});

const prob = { token: z.string(), logprob: nats, bytes: z.array(z.int().min(0).max(255)) };

const chatLogprobs = z.strictObject({
  content: z.array(z.strictObject({ ...prob, top_logprobs: z.array(z.strictObject(prob)) })),
  refusal: z.null(),
});

const call = {
  id: z.string(),
  type: z.literal('function'),
  function: z.strictObject({
    name: z.string(),
    arguments: z.string().meta({ description: 'JSON of an object.' }),
  }),
};
const chatReason = z.enum(['stop', 'length', 'tool_calls']);

/** Answer of /v1/chat/completions. */
export const chatAnswer = z.strictObject({
  ...head,
  object: z.literal('chat.completion'),
  choices: z.array(
    z.strictObject({
      index: count,
      message: z.strictObject({
        role: z.literal('assistant'),
        content: z.string().nullable(),
        refusal: z.null(),
        annotations: z.array(z.unknown()),
        tool_calls: z.array(z.strictObject(call)).optional(),
      }),
      logprobs: chatLogprobs.nullable(),
      finish_reason: chatReason,
      token_ids: tokenIds,
    }),
  ),
  usage,
  prompt_token_ids: promptTokenIds,
});

/** Chunk of /v1/chat/completions. */
export const chatChunk = z.strictObject({
  ...head,
  object: z.literal('chat.completion.chunk'),
  choices: z.array(
    z.strictObject({
      index: count,
      delta: z.strictObject({
        role: z.literal('assistant').optional(),
        content: z.string().optional(),
        refusal: z.null().optional(),
        tool_calls: z.array(z.strictObject({ index: count, ...call })).optional(),
      }),
      logprobs: chatLogprobs.nullable(),
      finish_reason: chatReason.nullable(),
      token_ids: tokenIds,
    }),
  ),
  usage: chunkUsage,
  prompt_token_ids: promptTokenIds,
});

/** One of GET /v1/models. */
export const modelAnswer = z.strictObject({
  id: z.string(),
  object: z.literal('model'),
  created: count,
  owned_by: z.literal('anneal'),
  root: z.string().meta({ description: 'Where the model came from.' }),
  parent: z.string().nullable().meta({ description: 'Of an adapter: its base model.' }),
  max_model_len: count.meta({ description: 'Tokens of prompt and completion together.' }),
  beta: z.number().nullable().meta({ description: 'β of the adapter.' }),
  chat_template: z.boolean().meta({ description: 'Whether the model has one.' }),
});

export const modelsAnswer = z.strictObject({ object: z.literal('list'), data: z.array(modelAnswer) });
export const healthAnswer = z.strictObject({ status: z.enum(['ok', 'stopping']) });
export const detokenizeAnswer = z.strictObject({ prompt: z.string() });

export const tokenizeAnswer = z.strictObject({
  count,
  max_model_len: count,
  tokens: ids,
  token_strs: z.array(z.string()).nullable(),
});

/** Any error. */
export const errorAnswer = z.strictObject({
  error: z.strictObject({
    message: z.string().meta({ description: 'What was wrong, and what to do.' }),
    type: z.string(),
    param: z.string().nullable().meta({ description: 'The field that is wrong: messages[0].content.' }),
    code: z.string().nullable().meta({ description: 'A name that programs compare.' }),
  }),
});
