import { minP } from './min-p.ts';
import { topK } from './top-k.ts';
import { topP } from './top-p.ts';
import type { LogitsProcessor } from './types.ts';

/** Every processor by name, as a factory from its one number. */
const processors = { topK, topP, minP } satisfies Record<string, (value: number) => LogitsProcessor>;
type ProcessorName = keyof typeof processors;

/** Processors in their order of application: topP keeps other tokens of what topK left. */
export type ProcessorOrder = readonly (readonly [name: ProcessorName, value: number])[];

/** One processor that applies those of `order` one after the other. */
export function chain(order: ProcessorOrder): LogitsProcessor {
  const steps = order.map(([name, value]) => processors[name](value));
  return (logits, previousIds) => {
    for (const step of steps) step(logits, previousIds);
  };
}
