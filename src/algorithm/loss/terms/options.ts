import { z } from 'zod';
import { type Aggregation, aggregations } from '../../statistics/aggregation.ts';
import type { ImportanceLevel } from './types.ts';

/** Options that several losses read, each with the default of the loss at hand. */

export const importanceLevel = (level: ImportanceLevel) => ({
  importanceLevel: z
    .enum(['token', 'sequence'])
    .default(level)
    .describe('one ratio a token, or one a completion'),
});

export const aggregation = (mode: Aggregation) => ({
  aggregation: z.enum(aggregations).default(mode).describe('how token losses become one number'),
});
