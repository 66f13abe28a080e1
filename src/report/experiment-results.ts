import { z } from 'zod';

// What `anneal compare` and `anneal ablate` found, as results.json holds it: every number of their tables.

/** Fields of a recipe by their paths, as `--set` takes them. */
const settings = z.record(z.string(), z.unknown());
const interval = z.tuple([z.number(), z.number()]);

/** A mean over seeds with its 95 % interval; null where there are fewer than two seeds. */
const mean = z.object({ value: z.number(), interval: interval.nullable(), seeds: z.int().positive() });

/** One trained and scored run. */
const run = z.object({
  seed: z.int(),
  /** The job's id, and its run folder relative to the experiment's folder. */
  job: z.string(),
  folder: z.string(),
  /** Shares of tasks answered right: of the validation split before and after training, of the test split after. */
  validationBefore: z.number(),
  validation: z.number(),
  test: z.number(),
  /** Wilson's 95 % interval of `test`, over its tasks. */
  testInterval: interval,
  /** Tokens trained on: prompts and completions. */
  tokens: z.number(),
  /** Seconds of training, evaluations included. */
  seconds: z.number(),
  /** Bytes: the greatest resident set of the job's process while it trained. */
  peakMemory: z.number(),
  trainableParameters: z.int(),
  /** How far the last move of β to 0 took the policy, nats a token; null where β was 0 before or nothing anneals. */
  lastJump: z.number().nullable(),
  /** Whether the merged model is the trained policy, and max |Δlogit| between the two. */
  verified: z.boolean(),
  maxDelta: z.number(),
});

/** One setting of a variant's grid, tried on the validation split. */
const trial = z.object({
  settings,
  job: z.string(),
  seed: z.int(),
  /** Share of validation tasks answered right; null where the job is not done. */
  validation: z.number().nullable(),
  chosen: z.boolean(),
});

/** One thing compared: a method, or a combination of an ablation's settings. */
const variant = z.object({
  name: z.string(),
  /** What it sets, without what its grid sets. */
  settings,
  /** What was tried, in the order of the grid; empty without a grid. */
  grid: z.array(trial),
  /** The grid's winner, which the runs use; null where the grid is not complete. */
  chosen: settings.nullable(),
  /** Fields whose winner is the lowest or highest value tried: a wider grid might do better. */
  edges: z.array(z.object({ field: z.string(), end: z.enum(['lowest', 'highest']) })),
  runs: z.array(run),
  /** Of the runs' test accuracies; null while there are none. */
  mean: mean.nullable(),
  /** 95 % bootstrap interval over the test tasks, of the mean over seeds. */
  overTasks: interval.nullable(),
});

/** The mean over seeds of the paired differences of two variants' test accuracies. */
const difference = z.object({
  of: z.string(),
  minus: z.string(),
  value: z.number(),
  interval: interval.nullable(),
  seeds: z.int().positive(),
  /** 'noise' where the interval contains 0; 'unknown' without an interval. */
  verdict: z.enum(['better', 'worse', 'noise', 'unknown']),
});

/** (AFA − LoRA) / (Full − LoRA), https://arxiv.org/abs/2512.22455, with Fieller's 95 % interval. */
const gapClosure = z.object({
  /** null where it is not defined. */
  value: z.number().nullable(),
  interval: interval.nullable(),
  /** Why it is not defined, or has no interval. */
  why: z.string().nullable(),
});

/** Whether two variants begin as the same policy: log-probs of the same texts before the first step. */
const stepZero = z.object({
  of: z.string(),
  against: z.string(),
  /** Greatest difference in nats, and the greatest allowed: 0 means equal bits. */
  maxDifference: z.number(),
  allowed: z.number(),
  tokens: z.int(),
});

/** Everything found on one recipe's tasks. */
const task = z.object({
  recipe: z.string(),
  /** How many tasks each split has: all that training may draw from (null: endless), and those that were answered. */
  splits: z.object({
    train: z.int().nullable(),
    validation: z.int(),
    test: z.int(),
  }),
  steps: z.int().positive(),
  stepZero: z.array(stepZero),
  variants: z.array(variant),
  differences: z.array(difference),
  /** Only of a comparison of all three methods. */
  gapClosure: gapClosure.nullable(),
});

export const experimentResultsSchema = z.object({
  /** Version of anneal that wrote it. */
  anneal: z.string(),
  format: z.literal(1),
  kind: z.enum(['compare', 'ablate']),
  name: z.string(),
  /** The command that makes it again. */
  command: z.string(),
  tasks: z.array(task),
  /** Jobs without a result: not yet run, or failed. A sweep's setting that `diverged` is one that can't be chosen. */
  missing: z.array(
    z.object({ job: z.string(), what: z.string(), why: z.string(), diverged: z.boolean().optional() }),
  ),
  /** Jobs whose folder does not hold what the plan says, and so do not count. */
  rejected: z.array(z.object({ job: z.string(), what: z.string(), why: z.string() })),
});
export type ExperimentResults = z.output<typeof experimentResultsSchema>;
export type TaskResults = ExperimentResults['tasks'][number];
export type VariantResults = TaskResults['variants'][number];
export type RunResult = VariantResults['runs'][number];
