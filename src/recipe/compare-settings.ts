import { z } from 'zod';
import { methods } from '../adapter/adapter-settings.ts';
import { positiveInt } from '../options/ranges.ts';

/** The values to try of each field: `{ 'optimizer.lr': [3e-4, 1e-3, 3e-3] }`; several fields are crossed. */
const grid = z.record(
  z.string(),
  z.array(z.union([z.number(), z.string(), z.boolean()])).min(2, 'needs at least two values to choose from'),
);

/** `compare` of a recipe: what `anneal compare` and `anneal ablate` do where the command line doesn't say. */
export const compare = z.strictObject({
  methods: z
    .array(z.enum(methods))
    .nonempty()
    .default([...methods]),
  /** Runs of each winner, with the seeds from the recipe's `seed` on. */
  seeds: positiveInt.default(5),
  /** What is tried for each method before; the winner on the validation tasks is taken. */
  grid: z.partialRecord(z.enum(methods), grid).default({}),
  budget: z
    .strictObject({
      /** Optimiser steps of every run; the recipe's when left out. */
      steps: positiveInt.optional(),
      /** No run is begun after this many minutes. `--resume` goes on with the rest. */
      minutes: z.number().positive().optional(),
    })
    .prefault({}),
  /** Runs at a time, each in a process of its own. As many as cores and threads allow when left out. */
  jobs: positiveInt.optional(),
  /** Cores that one run uses. The same number gives the same digits. */
  threads: positiveInt.default(1),
  /** Share of the training tasks set aside for validation. */
  validationShare: z.number().positive().max(0.9).default(0.1),
});
export type CompareSettings = z.output<typeof compare>;
/** Values to try by field. */
export type Grid = z.output<typeof grid>;
