import { InputError } from '../../errors.ts';
import { type Rows, tokenWeights, totalTokens } from '../statistics/aggregation.ts';
import { quantile } from '../statistics/quantile.ts';
import { aggregationOf, type DividedBatch, divisors } from './divisors.ts';
import type { LossConfig } from './index.ts';

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
  const tokens = Math.max(1, totalTokens(batch.mask));
  return {
    lossWeights: tokenWeights(batch.mask, aggregationOf(config), divisors(batch, config)),
    scalars: {
      tokens,
      sequences: batch.mask.length,
      ...entropyScalars(batch, config, tokens),
    },
  };
}

/** The entropy from which on tokens are kept, and the divisor of the entropy bonus. */
function entropyScalars(batch: LossBatch, config: LossConfig, tokens: number): Record<string, number> {
  const q = config.topEntropyQuantile;
  if (q >= 1) return config.entropyCoef !== 0 ? { entropyTokens: tokens } : {};
  const { entropies } = batch;
  if (entropies === undefined) {
    throw new InputError(`topEntropyQuantile ${q} needs the entropies of the whole batch`);
  }
  const values = batch.mask.flatMap((row, b) =>
    Array.from(entropies[b]!, Math.fround).filter((_, t) => row[t]! > 0),
  );
  const entropyThreshold = Math.fround(quantile(values, 1 - q));
  const kept = values.filter((value) => value >= entropyThreshold).length;
  return { entropyTokens: Math.max(1, kept), entropyThreshold };
}
