import { type ImportanceOptions, importanceWeights } from '../../algorithm/importance-correction.ts';
import { type BatchConstants, batchConstants } from '../../algorithm/loss/batch-constants.ts';
import { type LossConfig, lossNamed } from '../../algorithm/loss/index.ts';
import { type Rows, tokenWeights, totalTokens } from '../../algorithm/statistics/aggregation.ts';
import type { RandomStream } from '../../random.ts';
import type { WeightedRow } from './micro-batches.ts';
import type { TrainRow } from './train-rows.ts';

/** What the policy makes of every completion token, before the loss, [B][T]. */
export interface TokenMeasures {
  readonly logprobs: readonly Float32Array[];
  /** nats */
  readonly entropies: readonly Float32Array[];
}

export interface WeighOptions {
  readonly loss: LossConfig;
  /** Token limit of a completion. */
  readonly maxCompletionLength: number;
  /** Bounds of the weights between sampler and trainer, for rows that have log-probs of both. */
  readonly samplerCorrection?: ImportanceOptions | undefined;
  /** Drives what a loss draws at random. */
  readonly random: RandomStream;
  /** What the policy makes of the batch; called only when the loss picks tokens by it. */
  readonly measure: () => Promise<TokenMeasures>;
}

/** An optimiser batch with all that its micro-batches need to know of the whole. */
export interface WeightedBatch {
  readonly rows: readonly WeightedRow[];
  /** `BatchConstants.scalars` */
  readonly scalars: BatchConstants['scalars'];
  /** Numbers to log. */
  readonly metrics: Readonly<Record<string, number>>;
}

/**
 * Works out, over the whole optimiser batch, the token weights, the selections by entropy or covariance, and the
 * weights between sampler and trainer.
 */
export async function weighRows(rows: readonly TrainRow[], options: WeighOptions): Promise<WeightedBatch> {
  const { loss, maxCompletionLength } = options;
  const mask = rows.map((row) => row.mask);
  const measures = selectsTokens(loss) ? await options.measure() : undefined;
  const entropies = measures?.entropies;
  const { lossWeights, scalars } = batchConstants({ mask, maxCompletionLength, entropies }, loss);
  const selected = measures && select(rows, measures, options);
  const highEntropy = entropies && aboveThreshold(entropies, mask, scalars.entropyThreshold);
  const importance = correction(rows, options.samplerCorrection);
  const value = valueWeights(rows);
  return {
    rows: rows.map((row, b) => ({
      ...row,
      lossWeights: lossWeights[b]!,
      ...(value && { valueWeights: value.weights[b]! }),
      ...(selected && { selected: selected[b]! }),
      ...(highEntropy && { highEntropy: highEntropy[b]! }),
      ...(importance && { importanceRatio: importance.ratios[b]! }),
    })),
    scalars: { ...scalars, ...value?.scalars },
    metrics: importance?.metrics ?? {},
  };
}

/** The weights of supervised fine-tuning and of drafts: the same token weights, and nothing to select. */
export function weighExamples(
  rows: readonly TrainRow[],
  { loss, maxCompletionLength }: Pick<WeighOptions, 'loss' | 'maxCompletionLength'>,
): WeightedBatch {
  const plain = { ...loss, topEntropyQuantile: 1, entropyCoef: 0 };
  const mask = rows.map((row) => row.mask);
  const { lossWeights, scalars } = batchConstants({ mask, maxCompletionLength }, plain);
  return { rows: rows.map((row, b) => ({ ...row, lossWeights: lossWeights[b]! })), scalars, metrics: {} };
}

/** Whether the loss picks tokens by what the policy makes of the whole batch, which takes a forward pass of its own. */
function selectsTokens(loss: LossConfig): boolean {
  return (loss.topEntropyQuantile ?? 1) < 1 || lossNamed(loss).select !== undefined;
}

function select(
  rows: readonly TrainRow[],
  { logprobs }: TokenMeasures,
  { loss, random }: WeighOptions,
): Float32Array[] | undefined {
  const batch = {
    logprobs,
    oldLogprobs: rows.map((row) => row.oldLogprobs!),
    advantages: rows.map((row) => row.advantage),
    mask: rows.map((row) => row.mask),
  };
  return lossNamed(loss).select?.(batch, loss, random);
}

/**
 * Weights of the value loss, a mean over all positions that have a value, and how many those are; undefined without
 * values.
 */
function valueWeights(rows: readonly TrainRow[]) {
  if (rows.some((row) => row.valueMask === undefined)) return undefined;
  const masks = rows.map((row) => row.valueMask!);
  const tokens = Math.max(1, totalTokens(masks));
  const by = { tokens, sequences: masks.length, scale: 1 };
  return { weights: tokenWeights(masks, 'token-mean', by), scalars: { valueTokens: tokens } };
}

/** 1 for the loss tokens whose entropy reaches the threshold; undefined without one. */
function aboveThreshold(entropies: Rows, mask: Rows, threshold: number | undefined) {
  if (threshold === undefined) return undefined;
  return entropies.map((row, b) =>
    Float32Array.from(row, (entropy, t) => (mask[b]![t] && entropy >= threshold ? 1 : 0)),
  );
}

/**
 * The weights old/sampled of each row, one or one a token, where rows have both log-probs and a correction is asked
 * for.
 */
function correction(rows: readonly TrainRow[], options: ImportanceOptions | undefined) {
  if (options === undefined || rows.some((row) => row.samplingLogprobs === undefined)) return undefined;
  const { weights, metrics } = importanceWeights(
    {
      old: rows.map((row) => row.oldLogprobs!),
      sampling: rows.map((row) => row.samplingLogprobs!),
      mask: rows.map((row) => row.mask),
    },
    options,
  );
  const ratios = options.mode.startsWith('sequence') ? weights.map((row) => row[0]!) : weights;
  return { ratios, metrics };
}
