import { InputError } from '../../errors.ts';
import { type Denominators, type Rows, rowSum, tokenWeights, totalTokens } from '../aggregation.ts';
import { quantile } from '../quantile.ts';
import { lossNamed } from './index.ts';
import type { LossConfig } from './types.ts';

/** What is known of an optimiser batch before its loss: B rows, one a completion, in any lengths. */
export interface LossBatch {
  /** 1 where a token is trained on. */
  readonly mask: Rows;
  /** Policy entropies (nats) shaped like `mask`; needed when topEntropyQuantile < 1. */
  readonly entropies?: Rows | undefined;
  /** Token limit of a completion: dr_grpo's constant length. */
  readonly maxCompletionLength?: number | undefined;
  /** The batch is one call of TRL's trainer, a part of its optimiser step (compat: 'trl'). */
  readonly trlCall?: TrlCall | undefined;
  /** Divisors that override the batch's own (compat: 'verl'). */
  readonly verlCall?: VerlCall | undefined;
}

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
  const mode = definition.fixedAggregation
    ? definition.aggregation
    : (config.aggregation ?? definition.aggregation);
  const tokens = totalTokens(batch.mask);
  const by =
    config.compat === 'verl' ? verlDivisors(batch, definition.rows) : divisors(batch, config, tokens);
  const scalars: Record<string, number> = {
    tokens: Math.max(1, tokens),
    sequences: batch.mask.length,
    positions: batch.mask.reduce((sum, row) => sum + row.length, 0),
  };
  if (usesEntropy(config)) Object.assign(scalars, entropyScalars(batch, config));
  return { lossWeights: tokenWeights(batch.mask, mode, by), scalars };
}

/** Losses that TRL divides by the tokens of the whole generation batch instead of by its accumulation steps. */
const overAllTokens = new Set(['dapo', 'cispo', 'vespo']);

function divisors(batch: LossBatch, config: LossConfig, tokens: number): Denominators {
  const sequences = Math.max(1, batch.mask.length);
  const call = batch.trlCall;
  const parts = accumulated(batch);
  const share =
    call !== undefined && overAllTokens.has(config.name)
      ? (Math.max(1, call.numItemsInBatch) / call.numProcesses) *
        (call.mode === 'eval' ? 1 : parts / call.stepsPerGeneration)
      : Math.max(1, tokens) * parts;
  return {
    tokens: share,
    sequences: sequences * parts,
    scale: sequences * parts * (batch.maxCompletionLength ?? longest(batch)),
  };
}

function verlDivisors(
  { mask, verlCall = {} }: LossBatch,
  rows: 'all' | 'non-empty' = 'non-empty',
): Denominators {
  const counted = rows === 'all' ? mask : mask.filter((row) => rowSum(row) > 0);
  const processes = verlCall.dpSize ?? 1;
  const perProcess = rows === 'all' ? 1 : processes;
  return {
    tokens: Math.max(1, verlCall.batchNumTokens ?? totalTokens(mask)) / processes,
    sequences:
      Math.max(1, (rows === 'all' ? undefined : verlCall.globalBatchSize) ?? counted.length) / perProcess,
    scale: verlCall.lossScaleFactor ?? longest({ mask }),
  };
}

/** Calls that make up an optimiser step. */
const accumulated = ({ trlCall }: LossBatch) =>
  trlCall === undefined || trlCall.mode === 'eval' ? 1 : trlCall.gradientAccumulationSteps;

const longest = (batch: LossBatch) => Math.max(1, ...batch.mask.map((row) => row.length));

const usesEntropy = (config: LossConfig) =>
  Boolean(config.entropyCoef) || (config.topEntropyQuantile ?? 1) < 1;

function entropyScalars(batch: LossBatch, config: LossConfig): Record<string, number> {
  const q = config.topEntropyQuantile ?? 1;
  const { entropies } = batch;
  if (entropies === undefined) {
    if (q < 1) throw new InputError(`topEntropyQuantile ${q} needs the entropies of the whole batch`);
    return {
      entropyTokens: Math.max(1, totalTokens(batch.mask)),
    };
  }
  const values: number[] = [];
  batch.mask.forEach((row, b) => {
    for (let t = 0; t < row.length; t++) if (row[t]) values.push(Math.fround(entropies[b]![t]!));
  });
  const threshold = Math.fround(q < 1 ? quantile(values, 1 - q) : Number.NEGATIVE_INFINITY);
  const kept = values.filter((value) => value >= threshold).length;
  const parts = accumulated(batch);
  return {
    entropyTokens: Math.max(1, kept) * parts,
    ...(q < 1 && { entropyThreshold: threshold }),
  };
}
