import { z } from 'zod';
import { jobConfigSchema } from './config-hash.ts';

// The plan of an experiment, as plan.json holds it: everything that decides its numbers. How many jobs run at a time is
// not in it.

const settings = z.record(z.string(), z.unknown());

/** One setting of a variant's grid. */
const point = z.object({
  settings,
  /** Overrides that make the recipe this point's, with the first seed. */
  set: z.array(z.string()),
  /** The resolved config with the first seed. */
  config: jobConfigSchema,
});

const variant = z.object({
  name: z.string(),
  settings,
  /** One where nothing is chosen. */
  points: z.array(point).min(1),
  /** How often the grid has been widened because its winner was at an end. */
  widened: z.int().optional(),
});

const task = z.object({
  /** The recipe's name, and where it is loaded from. */
  name: z.string(),
  recipe: z.string(),
  /** Tasks that may be trained on; null where they don't end. */
  trainTasks: z.int().nullable(),
  variants: z.array(variant).min(1),
});

export const planSchema = z.object({
  anneal: z.string(),
  format: z.literal(1),
  kind: z.enum(['compare', 'ablate']),
  name: z.string(),
  /** The command that makes it. */
  command: z.string(),
  tasks: z.array(task).min(1),
  /** Seeds of the runs that are scored; the first `sweepSeeds` of them choose the settings. */
  seeds: z.array(z.int()).min(1),
  sweepSeeds: z.int().positive(),
  /** Grids whose winner is at an end are widened. */
  extendSweep: z.boolean().default(false),
});
export type Plan = z.output<typeof planSchema>;
export type PlannedTask = Plan['tasks'][number];
export type PlannedVariant = PlannedTask['variants'][number];
export type PlannedPoint = PlannedVariant['points'][number];
