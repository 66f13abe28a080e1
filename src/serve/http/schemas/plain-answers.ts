import { z } from 'zod';

// What the server answers beside completions, for its description.

const count = z.int().min(0);

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
  draft: z.string().nullable().meta({ description: 'Where the draft came from that proposes its tokens.' }),
  chat_template: z.boolean().meta({ description: 'Whether the model has one.' }),
});

export const modelsAnswer = z.strictObject({ object: z.literal('list'), data: z.array(modelAnswer) });
export const healthAnswer = z.strictObject({ status: z.enum(['ok', 'stopping', 'failed']) });
export const detokenizeAnswer = z.strictObject({ prompt: z.string() });

export const tokenizeAnswer = z.strictObject({
  count,
  max_model_len: count,
  tokens: z.array(count),
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
