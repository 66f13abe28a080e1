import { type BatchConstants, batchConstants } from '../../src/algorithm/loss/batch-constants.ts';
import { aggregationOf, divisors } from '../../src/algorithm/loss/divisors.ts';
import type { LossConfig } from '../../src/algorithm/loss/index.ts';
import { type Rows, tokenWeights } from '../../src/algorithm/statistics/aggregation.ts';

/** verl's `global_batch_info`: divisors of a whole batch that is spread over processes and micro-batches. */
export interface VerlCall {
  readonly dpSize?: number | undefined;
  readonly batchNumTokens?: number | undefined;
  readonly globalBatchSize?: number | undefined;
  readonly lossScaleFactor?: number | undefined;
}

/**
 * The constants of a batch of verl's: ours, but for the divisors that its call overrides. verl pads to its longest row.
 */
export function verlConstants(mask: Rows, config: LossConfig, call: VerlCall = {}): BatchConstants {
  const batch = { mask, maxCompletionLength: Math.max(1, ...mask.map((row) => row.length)) };
  const own = divisors(batch, config);
  const processes = call.dpSize ?? 1;
  const allRows = config.name === 'geo_mean';
  const by = {
    tokens: Math.max(1, call.batchNumTokens ?? own.tokens) / processes,
    sequences: allRows ? own.sequences : Math.max(1, call.globalBatchSize ?? own.sequences) / processes,
    scale: call.lossScaleFactor ?? own.scale,
  };
  return { ...batchConstants(batch, config), lossWeights: tokenWeights(mask, aggregationOf(config), by) };
}
