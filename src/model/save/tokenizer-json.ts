import { z } from 'zod';

const step = z.looseObject({ type: z.string() });
const postStep = z.looseObject({
  type: z.string(),
  single: z.array(z.record(z.string(), z.unknown())).optional(),
});

/** What GGUF keeps of a tokenizer.json. */
export const tokenizerSchema = z.looseObject({
  added_tokens: z
    .array(
      z.looseObject({ id: z.int().nonnegative(), content: z.string(), special: z.boolean().default(false) }),
    )
    .default([]),
  normalizer: step.nullable().default(null),
  pre_tokenizer: step.nullable().default(null),
  post_processor: postStep
    .extend({ processors: z.array(postStep).default([]) })
    .nullable()
    .default(null),
  model: z.looseObject({
    type: z.literal('BPE', 'GGUF files are written for BPE tokenizers'),
    vocab: z.record(z.string(), z.int().nonnegative()),
    merges: z.array(z.union([z.string(), z.tuple([z.string(), z.string()])])).default([]),
    unk_token: z.string().nullish(),
    byte_fallback: z.boolean().default(false),
    ignore_merges: z.boolean().default(false),
  }),
});

export type TokenizerJson = z.output<typeof tokenizerSchema>;
