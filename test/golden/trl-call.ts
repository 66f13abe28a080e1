import { type BatchConstants, batchConstants } from '../../src/algorithm/loss/batch-constants.ts';
import { aggregationOf } from '../../src/algorithm/loss/divisors.ts';
import type { LossConfig } from '../../src/algorithm/loss/index.ts';
import { type Rows, tokenWeights, totalTokens } from '../../src/algorithm/statistics/aggregation.ts';

/** TRL's own divisors of one `compute_loss` call, a part of its optimiser step. */
export interface TrlCall {
  /** Evaluation does not accumulate. */
  readonly mode: 'train' | 'eval';
  readonly gradientAccumulationSteps: number;
  readonly stepsPerGeneration: number;
  /** Loss tokens of the whole generation batch, all processes. */
  readonly numItemsInBatch: number;
  readonly numProcesses: number;
}

/** Losses that TRL divides by the tokens of its whole generation batch, not by its accumulation steps. */
const OVER_GENERATION_BATCH = ['cispo', 'dapo', 'vespo'];

/** The constants of a batch that is one call of TRL's: those of our optimiser batch by TRL's divisors. */
export function trlConstants(
  batch: { readonly mask: Rows; readonly entropies: Rows; readonly maxCompletionLength: number },
  config: LossConfig,
  call: TrlCall,
): BatchConstants {
  const { mask, maxCompletionLength } = batch;
  const calls = call.mode === 'eval' ? 1 : call.gradientAccumulationSteps;
  const sequences = Math.max(1, mask.length) * calls;
  const tokens = OVER_GENERATION_BATCH.includes(config.name)
    ? globalTokens(call)
    : Math.max(1, totalTokens(mask)) * calls;
  const { scalars } = batchConstants(batch, config);
  const { entropyTokens } = scalars;
  return {
    lossWeights: tokenWeights(mask, aggregationOf(config), {
      tokens,
      sequences,
      scale: sequences * maxCompletionLength,
    }),
    scalars: { ...scalars, ...(entropyTokens !== undefined && { entropyTokens: entropyTokens * calls }) },
  };
}

function globalTokens(call: TrlCall): number {
  const share = call.mode === 'eval' ? 1 : call.gradientAccumulationSteps / call.stepsPerGeneration;
  return (Math.max(1, call.numItemsInBatch) / call.numProcesses) * share;
}
