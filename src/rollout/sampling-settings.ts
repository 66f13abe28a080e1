import { z } from 'zod';
import { fraction, positiveInt } from '../options/ranges.ts';
import { LEAST_TEMPERATURE } from './drawing/draw-token.ts';
import { longPromptModes } from './fit-prompt.ts';

/** `sampling` of a recipe: how completions are drawn. */
export const sampling = z.strictObject({
  /** G: completions per prompt. */
  groupSize: positiveInt.default(8),
  /** P: prompts per rollout batch. */
  promptsPerStep: positiveInt.default(16),
  /**
   * Tasks are drawn in a random order of the run's seed, another one in each pass. Where the environment reads files,
   * evaluations choose theirs at random. Left out: true where its tasks are rows of files, else false.
   */
  shuffle: z.boolean().optional(),
  maxNewTokens: positiveInt.default(64),
  maxPromptLength: positiveInt.default(512),
  /** Prompts over the limit lose their oldest turns, leave their task out of the run, or end it. */
  longPrompts: z.enum(longPromptModes).default('cut'),
  temperature: z.number().positive({ abort: true }).min(LEAST_TEMPERATURE).default(1),
  topP: z.number().gt(0).max(1).default(1),
  /** 0 keeps every token. */
  topK: z.int().nonnegative().default(0),
  minP: fraction.default(0),
  /** Above 1 makes tokens of the prompt and of the completion so far less likely. */
  repetitionPenalty: z.number().positive().default(1),
  /** Strings that end a completion. */
  stop: z.array(z.string().min(1)).default([]),
  /** Turns of the policy in an episode, where the environment answers; maxNewTokens is for each. */
  maxTurns: positiveInt.default(8),
  /** Seconds that the environment may take for one answer. */
  stepTimeout: z.number().positive().max(86_400).default(300),
  /** Answers that the environment works on at a time; 1 for an environment that must not be asked twice at once. */
  parallelSteps: positiveInt.default(64),
  /** GB for the keys and values of texts under way. Where they don't fit, some texts wait for others to end. */
  cacheGB: z.number().positive().default(1),
  /** How many rollout batches the sampler runs ahead of the updates: exactly this many, independent of timing. */
  maxOffPolicySteps: z.int().nonnegative().default(0),
});
