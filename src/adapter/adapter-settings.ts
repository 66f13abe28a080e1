import { z } from 'zod';
import { positiveInt } from '../options/ranges.ts';
import { schedule } from './anneal/schedule-settings.ts';

/** Where σ sits in the adapter: s is the activation, A and B are the low-rank maps. The paper uses A-s-B. */
export const placements = ['A-s-B', 's-A-B', 's-A-B-s', 's-A-s-B', 's-A-s-B-s'] as const;
export const activations = ['relu', 'gelu', 'gelu-tanh', 'silu'] as const;
export type Placement = (typeof placements)[number];
export type Activation = (typeof activations)[number];

/** What is trained: a LoRA adapter (β = 0 throughout), an annealed adapter, or every weight of the model. */
export const methods = ['lora', 'afa-lora', 'full'] as const;

/** Settings of the adapter, for the methods lora and afa-lora. */
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
  /**
   * A linear adapter to start from: a folder in PEFT layout, or one on the Hugging Face hub. Method lora continues it,
   * with its own rank, alpha and modules; afa-lora and full merge it into the model first.
   */
  init: z.string().optional(),
});

export type AdapterSettings = z.output<typeof adapter>;

/** The fields of a recipe that the adapter reads. */
export interface MethodSettings {
  readonly method: (typeof methods)[number];
  readonly adapter: AdapterSettings;
}
