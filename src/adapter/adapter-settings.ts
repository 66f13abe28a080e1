import { z } from 'zod';
import { positiveInt } from '../options/ranges.ts';
import { schedule } from './anneal/schedule-settings.ts';

/** Where σ sits in the adapter; s marks the activation, A and B the low-rank maps (DESIGN: "A-s-B" is the paper's). */
export const placements = ['A-s-B', 's-A-B', 's-A-B-s', 's-A-s-B', 's-A-s-B-s'] as const;
export const activations = ['relu', 'gelu', 'gelu-tanh', 'silu'] as const;
export type Placement = (typeof placements)[number];
export type Activation = (typeof activations)[number];

/** What trains: an adapter's tensors (with β ≡ 0, or annealed), or every weight of the model. */
export const methods = ['lora', 'afa-lora', 'full'] as const;

/** The adapter of methods lora and afa-lora. */
export const adapter = z.strictObject({
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

export type AdapterSettings = z.output<typeof adapter>;

/** What the adapter's own code reads of a recipe. */
export interface MethodSettings {
  readonly method: (typeof methods)[number];
  readonly adapter: AdapterSettings;
}
