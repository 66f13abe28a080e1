import { z } from 'zod';
import { InputError } from './errors.ts';
import type { Environment, RewardFunction } from './types.ts';

/**
 * The recipe: everything a run is made of, in one schema, parsed once at the edge.
 * Defaults are the vetted setting; a recipe names only what it changes.
 */

const fraction = z.number().min(0).max(1);
const positiveInt = z.int().positive();
const nonNegative = z.number().nonnegative();

/** Where σ sits in the adapter; s marks the activation, A and B the low-rank maps (DESIGN: "A-s-B" is the paper's). */
export const placements = ['A-s-B', 's-A-B', 's-A-B-s', 's-A-s-B', 's-A-s-B-s'] as const;
export const activations = ['relu', 'gelu', 'gelu-tanh', 'silu'] as const;

const schedule = z.strictObject({
  kind: z.literal('linear').default('linear'),
  /** Share of the optimiser steps over which β goes 1 → 0. */
  fraction: fraction.default(0.3),
});

const adapter = z.strictObject({
  rank: positiveInt.default(8),
  alpha: z.number().positive().default(16),
  /** Scaling alpha/√rank instead of alpha/rank. */
  rsLora: z.boolean().default(false),
  /** Module names ('q_proj'), 'all-linear', or one regular expression on the full module path. */
  targetModules: z.union([z.string(), z.array(z.string()).nonempty()]).default('all-linear'),
  placement: z.enum(placements).default('A-s-B'),
  activation: z.enum(activations).default('silu'),
  schedule: schedule.prefault({}),
});

const algorithm = z.strictObject({
  /** TRL's loss types: which denominator the summed token losses get. */
  name: z.enum(['grpo', 'dapo']).default('grpo'),
  clipEpsilon: fraction.default(0.2),
  /** Upper clip bound is 1 + clipEpsilonHigh; the same as clipEpsilon when left out. */
  clipEpsilonHigh: nonNegative.optional(),
  /** Coefficient of the k3 KL estimate against the reference policy; 0 keeps no reference. */
  klCoef: nonNegative.default(0),
  /** TRL's `use_bias_correction_kl`: multiply the KL estimate by the ratio. */
  klBiasCorrection: z.boolean().default(true),
  /** What the centred reward is divided by: the group's std, the batch's, or nothing. */
  scaleRewards: z.enum(['group', 'batch', 'none']).default('group'),
  /** Optimiser steps taken on each rollout batch. */
  numIterations: positiveInt.default(1),
  /** β moves at every optimiser step, or is held over one rollout batch. */
  annealPer: z.enum(['step', 'batch']).default('step'),
  /** Drop completions that hit the token limit from the loss. */
  maskTruncated: z.boolean().default(false),
});

const sampling = z.strictObject({
  /** G: completions per prompt. */
  groupSize: positiveInt.default(8),
  /** P: prompts per rollout batch. */
  promptsPerStep: positiveInt.default(16),
  maxNewTokens: positiveInt.default(64),
  maxPromptLength: positiveInt.default(512),
  temperature: z.number().positive().default(1),
  topP: z.number().gt(0).max(1).default(1),
  /** 0 keeps every token. */
  topK: z.int().nonnegative().default(0),
  minP: fraction.default(0),
  /** Strings that end a completion. */
  stop: z.array(z.string().min(1)).default([]),
  /** How many optimiser batches the sampler may run ahead of the updates: exactly this many, never a matter of timing. */
  maxOffPolicySteps: z.int().nonnegative().default(0),
});

const optimizer = z.strictObject({
  lr: z.number().positive(),
  lrSchedule: z.enum(['constant', 'linear', 'cosine']).default('constant'),
  warmupSteps: z.int().nonnegative().default(0),
  betas: z.tuple([fraction, fraction]).default([0.9, 0.999]),
  eps: z.number().positive().default(1e-8),
  weightDecay: nonNegative.default(0),
  /** Gradients are scaled down to this global norm; 0 turns clipping off. */
  maxGradNorm: nonNegative.default(1),
  /** Sequences per forward/backward; the gradients of a batch's micro-batches add up exactly. */
  microBatchSize: positiveInt.default(32),
});

const evaluation = z.strictObject({
  /** Optimiser steps between evaluations; 0 evaluates only before and after. */
  every: z.int().nonnegative().default(50),
  /** Held-out tasks: the first so many of the environment's test split. */
  tasks: positiveInt.default(500),
  batchSize: positiveInt.default(128),
});

const checkpoint = z.strictObject({
  /** Optimiser steps between checkpoints; 0 saves only at the end or when stopped. */
  every: z.int().nonnegative().default(50),
  /** How many of the latest to keep; the best by eval_accuracy is kept besides. */
  keep: positiveInt.default(2),
});

const runtime = z.strictObject({
  /** 'auto' takes gpu where it loads and sees a GPU, else onnx. */
  engine: z.enum(['auto', 'onnx', 'node', 'gpu']).default('auto'),
  /** Execution provider of the onnx engine. */
  device: z.enum(['cpu', 'webgpu', 'cuda']).default('cpu'),
  /** 0 uses every core. */
  threads: z.int().nonnegative().default(0),
});

const isEnvironment = (value: unknown): value is Environment =>
  typeof value === 'object' && value !== null && 'tasks' in value && 'prompt' in value && 'name' in value;

const isReward = (value: unknown): value is RewardFunction => typeof value === 'function';

/** The schema itself: `--set` looks up field names in its shape. */
export const recipeSchema = z
  .strictObject({
    name: z.string().regex(/^[\w.-]+$/, 'letters, digits, ".", "_" and "-" only'),
    /** A folder in Hugging Face layout, a .gguf file, or 'tiny' for the embedded model. */
    model: z.string(),
    /** Start from weights drawn at random by the model folder's config.json, not from its weights: to pretrain. */
    freshWeights: z.boolean().default(false),
    method: z.enum(['lora', 'afa-lora', 'full']).default('afa-lora'),
    adapter: adapter.prefault({}),
    objective: z.enum(['rl', 'sft']).default('rl'),
    algorithm: algorithm.prefault({}),
    env: z.custom<Environment>(isEnvironment, 'must be an environment: { name, tasks, prompt }'),
    rewards: z
      .array(
        z.strictObject({
          reward: z.custom<RewardFunction>(isReward, 'must be a function (batch) => (number | null)[]'),
          weight: z.number().default(1),
          /** Seconds that one call may take before it counts as failed. */
          timeout: z.number().positive().max(86_400).default(300),
        }),
      )
      .nonempty('needs at least one reward'),
    sampling: sampling.prefault({}),
    optimizer,
    /** Optimiser steps. */
    steps: positiveInt,
    seed: z.int().default(0),
    eval: evaluation.prefault({}),
    checkpoint: checkpoint.prefault({}),
    runtime: runtime.prefault({}),
  })
  .superRefine((recipe, context) => {
    if (recipe.objective === 'sft' && recipe.env.target === undefined) {
      context.addIssue({
        code: 'custom',
        path: ['objective'],
        message: `'sft' needs an environment with target(); "${recipe.env.name}" has none`,
      });
    }
    if (recipe.objective === 'rl' && recipe.sampling.groupSize < 2) {
      context.addIssue({
        code: 'custom',
        path: ['sampling', 'groupSize'],
        message: 'must be at least 2: advantages compare the completions of one prompt',
      });
    }
  });

/** A recipe as a person writes it: defaults may be left out. */
export type RecipeInput = z.input<typeof recipeSchema>;
/** A recipe with every default filled in. */
export type Recipe = z.output<typeof recipeSchema>;

/**
 * Parses a recipe and fills in its defaults.
 * @throws InputError naming every field that is unknown, missing or out of range, with the value given.
 */
export function parseRecipe(input: unknown): Recipe {
  const result = recipeSchema.safeParse(input, { reportInput: true });
  if (result.success) return result.data;
  const lines = result.error.issues.map((issue) => {
    const path = issue.path.join('.') || 'recipe';
    const given =
      issue.input === undefined || typeof issue.input === 'object'
        ? ''
        : ` (got ${JSON.stringify(issue.input)})`;
    return `${path}: ${issue.message}${given}`;
  });
  throw new InputError(`bad recipe: ${lines.join('; ')}`);
}

/** Identity with types: what a recipe file exports by default. */
export function defineRecipe(recipe: RecipeInput): RecipeInput {
  return recipe;
}
