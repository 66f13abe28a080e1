import { InputError } from '../../errors.ts';
import {
  type Aggregation,
  type Denominators,
  type Rows,
  rowSum,
  totalTokens,
} from '../statistics/aggregation.ts';
import type { LossDefinition } from './terms/types.ts';

/** TRL's own divisors of one `compute_loss` call. */
export interface TrlCall {
  /** Evaluation does not accumulate. */
  readonly mode: 'train' | 'eval';
  readonly gradientAccumulationSteps: number;
  readonly stepsPerGeneration: number;
  /** Loss tokens of the whole generation batch, all processes. */
  readonly numItemsInBatch: number;
  readonly numProcesses: number;
}

/** verl's `global_batch_info`: divisors of a whole batch that is spread over processes and micro-batches. */
export interface VerlCall {
  readonly dpSize?: number | undefined;
  readonly batchNumTokens?: number | undefined;
  readonly globalBatchSize?: number | undefined;
  readonly lossScaleFactor?: number | undefined;
}

/** A batch as far as its denominators go. */
export interface DividedBatch {
  /** 1 where a token is trained on. */
  readonly mask: Rows;
  /** Token limit of a completion: dr_grpo's constant length. */
  readonly maxCompletionLength?: number | undefined;
  /** The batch is one call of TRL's trainer, a part of its optimiser step (compat: 'trl'). */
  readonly trlCall?: TrlCall | undefined;
  /** Divisors that override the batch's own (compat: 'verl'). */
  readonly verlCall?: VerlCall | undefined;
}

/**
 * Denominators of an optimiser batch: N loss tokens, S rows (all of them, as TRL counts), S · maxCompletionLength.
 * @throws InputError when the mode needs maxCompletionLength and the batch does not say it.
 */
export function divisors(batch: DividedBatch, mode: Aggregation, definition: LossDefinition): Denominators {
  const limit = batch.maxCompletionLength;
  if (mode === 'seq-mean-token-sum-norm' && limit === undefined) {
    throw new InputError(`aggregation ${mode} needs maxCompletionLength, the token limit of a completion`);
  }
  const sequences = Math.max(1, batch.mask.length) * callsPerStep(batch);
  return {
    tokens: definition.trlGlobalTokens && batch.trlCall ? globalTokens(batch.trlCall) : ownTokens(batch),
    sequences,
    scale: sequences * (limit ?? 1),
  };
}

/** Calls that make up an optimiser step: 1 unless the batch is one call of TRL's. */
export const callsPerStep = ({ trlCall }: Pick<DividedBatch, 'trlCall'>) =>
  trlCall === undefined || trlCall.mode === 'eval' ? 1 : trlCall.gradientAccumulationSteps;

const ownTokens = (batch: DividedBatch) => Math.max(1, totalTokens(batch.mask)) * callsPerStep(batch);

function globalTokens(call: TrlCall): number {
  const share = call.mode === 'eval' ? 1 : call.gradientAccumulationSteps / call.stepsPerGeneration;
  return (Math.max(1, call.numItemsInBatch) / call.numProcesses) * share;
}

/**
 * verl's denominators: rows without a token do not count (unless the loss says so), scale is the width that it pads to: the
 * token limit, or else that of the longest row.
 */
export function verlDivisors(
  { mask, verlCall = {}, maxCompletionLength }: DividedBatch,
  { rows }: LossDefinition,
): Denominators {
  const processes = verlCall.dpSize ?? 1;
  const counted = mask.filter((row) => rowSum(row) > 0).length;
  return {
    tokens: Math.max(1, verlCall.batchNumTokens ?? totalTokens(mask)) / processes,
    sequences: rows === 'all' ? mask.length : Math.max(1, verlCall.globalBatchSize ?? counted) / processes,
    scale: verlCall.lossScaleFactor ?? maxCompletionLength ?? Math.max(1, ...mask.map((row) => row.length)),
  };
}
