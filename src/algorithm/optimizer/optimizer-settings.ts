import { z } from 'zod';
import { issuesOf } from '../../options/issue-lines.ts';
import { fraction, nonNegative, positive, positiveInt } from '../../options/ranges.ts';
import { mergedFields, registerFields } from '../../options/schema-fields.ts';
import { readersOf, unreadOptions } from '../../options/unread-options.ts';
import { type GivenSchedule, type NamedSchedule, type ScheduleName, schedules } from './learning-rate.ts';

/** Options of `optimizer` whatever the schedule: AdamW, clipping, and the peak rate. */
const optimizerFields = {
  lr: positive.describe('peak learning rate'),
  warmupSteps: z.int().nonnegative().default(0).describe('steps in which the rate rises from 0'),
  betas: z.tuple([fraction, fraction]).default([0.9, 0.999]).describe('decay rates of the two moments'),
  eps: positive.default(1e-8).describe('added to the root of the second moment'),
  weightDecay: nonNegative.default(0).describe('decoupled weight decay'),
  maxGradNorm: nonNegative.default(1).describe('gradients are scaled down to this global norm; 0 is off'),
  microBatchSize: positiveInt
    .optional()
    .describe(
      "sequences that are forwarded at once: memory, not results (a batch's micro-batches add up exactly). Left out: 32, and no limit with microBatchTokens",
    ),
  microBatchTokens: positiveInt
    .optional()
    .describe(
      'tokens that are forwarded at once, with the padding and the prompts: long texts then come few at a time and beside those of their length. Both limits hold where both are given',
    ),
  stateDtype: z
    .enum(['float32', 'bfloat16'])
    .default('float32')
    .describe(
      'how the two moments are held, in memory and in checkpoints: bfloat16 halves them, and rounds them at random after each step, so that their mean is right',
    ),
  packing: z
    .int()
    .nonnegative()
    .default(0)
    .describe(
      'objective sft: the examples of a micro-batch share rows of this many tokens, such as 128; 0 gives each a row of its own. Speed, not results',
    ),
};

const lrSchedule = z
  .enum(Object.keys(schedules) as [ScheduleName, ...ScheduleName[]])
  .default('constant')
  .describe("how the rate goes on after the warm-up, by transformers' names");

/** `optimizer` of a recipe with its defaults: a union, told apart by `lrSchedule`. */
export type OptimizerSettings = z.output<z.ZodObject<typeof optimizerFields>> & NamedSchedule;
type GivenOptimizer = z.input<z.ZodObject<typeof optimizerFields>> & GivenSchedule;

const shapes = Object.entries(schedules).map(([name, { options }]) => [name, options] as const);
const readers = readersOf(shapes);

/** `optimizer` of a recipe: AdamW and its learning rate. An option of another schedule is refused. */
export const optimizer = z.looseObject({ lrSchedule }).transform((given, context) => {
  const reads = schedules[given.lrSchedule].options;
  const unread = unreadOptions(given, { who: `lrSchedule ${given.lrSchedule}`, reads, readers });
  const others = unread.map(({ path }) => path[0]!);
  const rest = Object.fromEntries(Object.entries(given).filter(([name]) => !others.includes(name)));
  const schema = z.strictObject({ ...optimizerFields, lrSchedule, ...reads });
  const { data, error } = schema.safeParse(rest, { reportInput: true });
  context.issues.push(
    ...unread.map((issue) => ({ code: 'custom' as const, ...issue, path: [...issue.path] })),
    ...issuesOf(error, schema),
  );
  return data === undefined ? z.NEVER : withMicroBatches(data);
}) as unknown as z.ZodType<OptimizerSettings, GivenOptimizer>;

/** Sequences at once where a recipe gives no limit. */
const MICRO_BATCH_SIZE = 32;

function withMicroBatches<O extends { microBatchSize?: number | undefined; microBatchTokens?: unknown }>(
  given: O,
): O {
  const limited = given.microBatchSize !== undefined || given.microBatchTokens !== undefined;
  return limited ? given : { ...given, microBatchSize: MICRO_BATCH_SIZE };
}

registerFields(optimizer, {
  ...optimizerFields,
  lrSchedule,
  ...mergedFields(shapes.map(([, shape]) => shape)),
});
