import { InputError } from '../../errors.ts';
import { type Rows, tokenWeights, totalTokens } from '../statistics/aggregation.ts';
import { quantile } from '../statistics/quantile.ts';
import { callsPerStep, type DividedBatch, divisors, verlDivisors } from './divisors.ts';
import { lossNamed } from './index.ts';
import type { LossConfig } from './terms/types.ts';

/** What is known of an optimiser batch before its loss: B rows, one a completion, in any lengths. */
export interface LossBatch extends DividedBatch {
  /** Policy entropies (nats) shaped like `mask`; needed when topEntropyQuantile < 1. */
  readonly entropies?: Rows | undefined;
}

/** What every micro-batch of the optimiser batch needs to know of the whole. */
export interface BatchConstants {
  /** Weight of each token in the loss, rows shaped like the mask. */
  readonly lossWeights: Float32Array[];
  /** Scalars to feed as `LossInputs.hyper` beside `hyperParameters(config)`. */
  readonly scalars: Record<string, number>;
}

/**
 * Computes the denominators, quantiles and token weights of an optimiser batch, which its micro-batches share.
 * @throws InputError when the loss needs something that the batch does not carry.
 */
export function batchConstants(batch: LossBatch, config: LossConfig): BatchConstants {
  const definition = lossNamed(config);
  const asked = definition.fixedAggregation ? undefined : config.aggregation;
  const mode = asked ?? definition.aggregation;
  const by = config.compat === 'verl' ? verlDivisors(batch, definition) : divisors(batch, mode, definition);
  const tokens = Math.max(1, totalTokens(batch.mask));
  return {
    lossWeights: tokenWeights(batch.mask, mode, by),
    scalars: {
      tokens,
      sequences: batch.mask.length,
      positions: batch.mask.reduce((sum, row) => sum + row.length, 0),
      ...entropyScalars(batch, config, tokens),
    },
  };
}

/** The entropy from which on tokens are kept, and the divisor of the entropy bonus. */
function entropyScalars(batch: LossBatch, config: LossConfig, tokens: number): Record<string, number> {
  const parts = callsPerStep(batch);
  const q = config.topEntropyQuantile ?? 1;
  if (q >= 1) return config.entropyCoef ? { entropyTokens: tokens * parts } : {};
  const { entropies } = batch;
  if (entropies === undefined) {
    throw new InputError(`topEntropyQuantile ${q} needs the entropies of the whole batch`);
  }
  const values = batch.mask.flatMap((row, b) =>
    Array.from(entropies[b]!, Math.fround).filter((_, t) => row[t]! > 0),
  );
  const entropyThreshold = Math.fround(quantile(values, 1 - q));
  const kept = values.filter((value) => value >= entropyThreshold).length;
  return { entropyTokens: Math.max(1, kept) * parts, entropyThreshold };
}
