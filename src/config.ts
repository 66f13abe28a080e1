import { z } from 'zod';
import { isEnvironment } from './ask-environment.ts';
import { adapter } from './config/adapter.ts';
import { algorithm } from './config/algorithm.ts';
import { issueLines } from './config/issue-lines.ts';
import { fraction, nonNegative, positiveInt } from './config/numbers.ts';
import { recipeIssues } from './config/recipe-issues.ts';
import { InputError } from './errors.ts';
import type { Curriculum, Environment, RewardFunction } from './types.ts';

export { activations, placements } from './config/adapter.ts';

/**
 * The recipe: everything a run is made of, in one schema, parsed once at the edge.
 * Defaults are the vetted setting; a recipe names only what it changes.
 */

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
  /** Turns of the policy in an episode, where the environment answers; maxNewTokens is for each. */
  maxTurns: positiveInt.default(8),
  /** Seconds that the environment may take for one answer. */
  stepTimeout: z.number().positive().max(86_400).default(300),
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

const metrics = z.strictObject({
  /** How far each move of β alone takes the policy: two forward passes a step while β moves. */
  annealKl: z.boolean().default(true),
});

const runtime = z.strictObject({
  /** 'auto' takes gpu where it loads and sees a GPU, else onnx. */
  engine: z.enum(['auto', 'onnx', 'node', 'gpu']).default('auto'),
  /** Execution provider of the onnx engine. */
  device: z.enum(['cpu', 'webgpu', 'cuda']).default('cpu'),
  /** 0 uses every core. */
  threads: z.int().nonnegative().default(0),
});

const isCurriculum = (value: unknown): value is Curriculum => typeof value === 'function';
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
    /** Which tasks suit for now; all do when left out. */
    curriculum: z
      .custom<Curriculum>(isCurriculum, 'must be a function (task, progress) => boolean')
      .optional(),
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
    metrics: metrics.prefault({}),
    runtime: runtime.prefault({}),
  })
  .superRefine((recipe, context) => {
    for (const issue of recipeIssues(recipe)) {
      context.addIssue({ code: 'custom', ...issue, path: [...issue.path] });
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
  throw new InputError(`bad recipe: ${issueLines(result.error, recipeSchema, 'recipe').join('; ')}`);
}

/** Identity with types: what a recipe file exports by default. */
export function defineRecipe(recipe: RecipeInput): RecipeInput {
  return recipe;
}
