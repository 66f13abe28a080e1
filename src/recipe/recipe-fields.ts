import { z } from 'zod';
import { adapter, methods } from '../adapter/adapter-settings.ts';
import { algorithm } from '../algorithm/algorithm-settings.ts';
import { draft } from '../algorithm/draft/draft-settings.ts';
import { optimizer } from '../algorithm/optimizer/optimizer-settings.ts';
import { runtime } from '../engine/select/runtime-settings.ts';
import { isEnvironment } from '../environment/ask-environment.ts';
import { rewards } from '../environment/scoring/reward-settings.ts';
import { positiveInt } from '../options/ranges.ts';
import { sampling } from '../rollout/sampling-settings.ts';
import type { Curriculum, Environment } from '../types.ts';
import { compare } from './compare-settings.ts';

/**
 * The recipe: everything a run is made of, in one schema, parsed once at the edge.
 * Defaults are the vetted setting; a recipe names only what it changes.
 */

const evaluation = z.strictObject({
  /** Optimiser steps between evaluations; 0 evaluates only before and after. */
  every: z.int().nonnegative().default(50),
  /**
   * Held-out tasks of `split`: of an environment that reads files as many chosen at random, unless `sampling.shuffle` is
   * false; else the first ones.
   */
  tasks: positiveInt.default(500),
  /** Decides which are chosen; the run's seed does not. */
  seed: z.int().default(0),
  /** Where they come from: the environment's test split, or the training tasks set aside for validation. */
  split: z.enum(['validation', 'test']).default('test'),
  /** Share of the training tasks that is set aside for validation, by a hash of their ids, and never trained on. */
  validationShare: z.number().min(0).max(0.9).default(0),
  batchSize: positiveInt.default(128),
  /**
   * What accuracy goes by: greedy answers and their first reward, or the likelihood of the environment's choices as
   * lm-evaluation-harness measures it, as it is or divided by a choice's characters.
   */
  accuracy: z.enum(['generation', 'acc', 'acc_norm']).default('generation'),
  /** Measure the loss of the targets with objective 'rl' too; with 'sft' it always is. */
  loss: z.boolean().default(false),
});

const sft = z.strictObject({
  /** Which turns of the assistant carry loss: the target alone, or those of the prompt too. */
  turns: z.enum(['last', 'all']).default('last'),
});

const checkpoint = z.strictObject({
  /** Optimiser steps between checkpoints; 0 saves only before evaluations, at the end and when stopped. */
  every: z.int().nonnegative().default(50),
  /** How many of the latest to keep; the best by eval_accuracy is kept besides. */
  keep: positiveInt.default(2),
});

const rollouts = z.strictObject({
  /**
   * Megabytes from which rollouts.jsonl is packed into rollouts-FIRST-LAST.jsonl.gz, named by its steps; 0 keeps one
   * file.
   */
  packMB: z.number().nonnegative().default(0),
});

export const metrics = z.strictObject({
  /** How far each move of β alone takes the policy: two forward passes, on a sample of the step's texts. */
  annealKl: z.boolean().default(true),
  /**
   * Tokens of a step, prompts included, on which that is measured: whole texts, drawn by the seed. Left out: a 32nd of
   * the step's tokens, and at least 512.
   */
  annealKlTokens: positiveInt.optional(),
});

const isCurriculum = (value: unknown): value is Curriculum => typeof value === 'function';

/** Every field by itself; recipe.ts adds what they must be together. */
export const recipeFields = z.strictObject({
  name: z.string().regex(/^[\w.-]+$/, 'letters, digits, ".", "_" and "-" only'),
  /**
   * A folder in Hugging Face layout, a .gguf file, 'tiny' for the embedded model, or a model on the Hugging Face hub:
   * `owner/name[@revision][:quantisation]`.
   */
  model: z.string(),
  /** Start from weights drawn at random by the model folder's config.json, not from its weights: to pretrain. */
  freshWeights: z.boolean().default(false),
  method: z.enum(methods).default('afa-lora'),
  adapter: adapter.prefault({}),
  objective: z.enum(['rl', 'sft', 'draft']).default('rl'),
  sft: sft.prefault({}),
  draft: draft.prefault({}),
  algorithm: algorithm.prefault({}),
  env: z.custom<Environment>(isEnvironment, 'must be an environment: { name, tasks, prompt }'),
  /** Which tasks suit for now; all do when left out. */
  curriculum: z.custom<Curriculum>(isCurriculum, 'must be a function (task, progress) => boolean').optional(),
  rewards,
  sampling: sampling.prefault({}),
  optimizer,
  /** Optimiser steps. */
  steps: positiveInt,
  seed: z.int().default(0),
  eval: evaluation.prefault({}),
  checkpoint: checkpoint.prefault({}),
  rollouts: rollouts.prefault({}),
  metrics: metrics.prefault({}),
  runtime: runtime.prefault({}),
  compare: compare.prefault({}),
});

/** A recipe as a person writes it: defaults may be left out. */
export type RecipeInput = z.input<typeof recipeFields>;
/** A recipe with every default filled in. */
export type Recipe = z.output<typeof recipeFields>;
