import { bucketedCount } from '../../model/batching/cut-groups.ts';
import { allocatedFor, bytesOfToken } from '../../model/cache/kv-cache.ts';
import { lengthBucket } from '../../model/length-bucket.ts';
import { activationBytes, type Rows, recomputesRows } from '../../model/recompute.ts';
import { bytesPerWeight } from '../../model/weights/base-weights.ts';
import type { PolicyDimensions } from '../../policy/policy.ts';
import type { Recipe } from '../../recipe/recipe.ts';

const FLOAT = 4;
const MB = 1e6;

/** How often frozen weights are in memory: decoding works with a packed copy of those that gain by it. */
const copies = { float32: 2, bfloat16: 1, q8: 1, q4: 2 } as const;

/** Measured: what Node and onnxruntime take by themselves, and the thread of `runtime.worker`. */
const [PROCESS, WORKER] = [110 * MB, 60 * MB];
/** Measured: bytes of a compiled program for each layer of the model, without and with gradients. */
const [FORWARD_LAYER, UPDATE_LAYER] = [2.4 * MB, 6.5 * MB];
/** Bytes of logits that the log-prob head makes at a time, at most, and how many arrays of that size it works with. */
const [HEAD_BYTES, HEAD_ARRAYS] = [80 * MB, 2];
/** Measured: what widening the weights of a base in fewer bits takes in a backward pass. */
const WIDENED = 130 * MB;
/** Arrays of [B, V] that a decode step works with: logits, probabilities, and what comes back. */
const DECODE_ARRAYS = 3;

/** Bytes of memory that a run is expected to take at its peak, by use. */
export interface MemoryEstimate {
  /** Node, onnxruntime, and the compiled programs. */
  readonly process: number;
  /** The model's weights, and the packed copy that decoding works with, where it has one. */
  readonly weights: number;
  /** What trains besides: adapter, gradients, AdamW's two moments. */
  readonly training: number;
  /** Sampling at its longest: keys and values, and what a decode step works with. It and the update take turns. */
  readonly sampling: number;
  /** One micro-batch at its longest: what it keeps for its backward pass. */
  readonly update: number;
  /** process + weights + training + the greater of sampling and update */
  readonly total: number;
}

/** What is known of the texts of a run. */
export interface TextLengths {
  /** Tokens of the longest prompt; sampling.maxPromptLength when left out. */
  readonly longestPrompt?: number | undefined;
}

/**
 * Estimates the peak of a run's resident memory from its sizes, with every text at its longest. N counts the model's
 * weights, n what trains; D, F, L and V are the model's sizes:
 *   process    110 MB, 60 for a thread of its own, and for each layer 2.4 MB a forward program and 6.5 the update
 *   weights    N · 8 bytes; 2 in a base of bfloat16, 1.125 of q8, 1.25 of q4; N · 4 for method full
 *   training   n · (8 for the moments, 4 in bfloat16; 4 for gradients, 8 with several micro-batches; 4 for the tensors)
 *   sampling   B · (P + T) · L · 2 · kvHeads · headDim · 4, with P prompt tokens and T new ones, and 3 · B · V · 4, for
 *              the B texts that fit into sampling.cacheGB
 *   update     the tokens of a micro-batch · (L + 1) · (8 D + 3 F) · 4, or with recomputation · (L · D + 2 · (8 D +
 *              3 F)) · 4; two chunks of logits; and 130 MB with a base in fewer bits
 */
export function estimateMemory(
  recipe: Recipe,
  sizes: PolicyDimensions,
  { longestPrompt = recipe.sampling.maxPromptLength }: TextLengths = {},
): MemoryEstimate {
  const prompt = Math.min(longestPrompt, recipe.sampling.maxPromptLength);
  const rows = microBatchRows(recipe, prompt);
  const parts = {
    process: processBytes(recipe, sizes),
    weights: weightBytes(recipe, sizes),
    training: trainingBytes(recipe, sizes, rows),
    sampling: samplingBytes(recipe, sizes, prompt),
    update: updateBytes(recipe, sizes, rows),
  };
  const { process, weights, training, sampling, update } = parts;
  return { ...parts, total: process + weights + training + Math.max(sampling, update) };
}

const sequencesOf = ({ objective, sampling }: Recipe): number =>
  sampling.promptsPerStep * (objective === 'sft' ? 1 : sampling.groupSize);

function processBytes(recipe: Recipe, { layers }: PolicyDimensions): number {
  const { objective, method, algorithm, metrics, runtime } = recipe;
  const measuresKl = method === 'afa-lora' && metrics.annealKl;
  const scores = algorithm.klCoef !== 0 || algorithm.samplerCorrection !== undefined;
  // Sampling has two programs; evaluations of supervised runs have them too.
  const forward = 2 + (objective === 'rl' && scores ? 1 : 0) + (measuresKl ? 2 : 0);
  const thread = runtime.worker ? WORKER : 0;
  return PROCESS + thread + layers * (forward * FORWARD_LAYER + UPDATE_LAYER);
}

function weightBytes(
  { method, runtime: { baseDtype } }: Recipe,
  { totalParameters }: PolicyDimensions,
): number {
  // What trains changes at each step, so no packed copy of it is made.
  if (method === 'full') return totalParameters * FLOAT;
  return copies[baseDtype] * totalParameters * bytesPerWeight[baseDtype];
}

function trainingBytes(recipe: Recipe, { trainableParameters }: PolicyDimensions, rows: Rows): number {
  const moments = recipe.optimizer.stateDtype === 'bfloat16' ? 4 : 8;
  // The sum, and those of the micro-batch under way.
  const gradients = rows.at(-1)!.rows < sequencesOf(recipe) ? 2 * FLOAT : FLOAT;
  // An adapter's tensors; with method full the weights after the step, which are there beside those before it.
  const own = FLOAT;
  return trainableParameters * (own + moments + gradients);
}

function samplingBytes(recipe: Recipe, sizes: PolicyDimensions, prompt: number): number {
  const { objective, sampling, eval: evaluation } = recipe;
  const rows = Math.max(
    objective === 'sft' ? 0 : sequencesOf(recipe),
    Math.min(evaluation.batchSize, evaluation.tasks),
  );
  const ofOneRow = allocatedFor(prompt + sampling.maxNewTokens) * bytesOfToken(sizes);
  // Texts that don't fit into the cache wait.
  const decoded = Math.min(rows, Math.max(1, Math.floor((sampling.cacheGB * 1e9) / ofOneRow)));
  return decoded * (ofOneRow + DECODE_ARRAYS * sizes.vocabSize * FLOAT);
}

/** The tokens of the largest micro-batch, with padding, and those of one text and its prompt. */
export function microBatchTokens(
  recipe: Recipe,
  { longestPrompt = recipe.sampling.maxPromptLength }: TextLengths,
) {
  const prompt = Math.min(longestPrompt, recipe.sampling.maxPromptLength);
  const one = microBatchRows({ ...recipe, optimizer: { ...recipe.optimizer, microBatchTokens: 1 } }, prompt);
  return { largest: tokensOf(microBatchRows(recipe, prompt)), least: tokensOf(one) };
}

/** The rows of the largest micro-batch, with padding: of prefixes, and of completions. */
function microBatchRows(recipe: Recipe, prompt: number): Rows {
  const { objective, sampling, optimizer } = recipe;
  const { microBatchSize = Number.POSITIVE_INFINITY, microBatchTokens } = optimizer;
  const [prefix, own] = [lengthBucket(Math.max(1, prompt - 1)), lengthBucket(sampling.maxNewTokens)];
  const group = Math.min(objective === 'sft' ? 1 : sampling.groupSize, microBatchSize);
  const prompts = Math.min(sampling.promptsPerStep, Math.max(1, Math.floor(microBatchSize / group)));
  const rowsOf = (count: number, each: number) => [
    { rows: bucketedCount(count), tokens: prefix },
    { rows: bucketedCount(count) * each, tokens: own },
  ];
  const whole = rowsOf(prompts, group);
  if (microBatchTokens === undefined || tokensOf(whole) <= microBatchTokens) return whole;
  const texts = Math.max(1, Math.floor((microBatchTokens - prefix) / own));
  return texts < group
    ? rowsOf(1, texts)
    : rowsOf(Math.max(1, Math.floor(microBatchTokens / (prefix + group * own))), group);
}

const tokensOf = (rows: Rows): number => rows.reduce((sum, { rows, tokens }) => sum + rows * tokens, 0);

function updateBytes({ runtime }: Recipe, sizes: PolicyDimensions, rows: Rows): number {
  const { layers, hiddenSize, vocabSize } = sizes;
  const all = activationBytes(sizes, rows);
  const tokens = tokensOf(rows);
  const oneLayer = all / layers;
  const layersKept = recomputesRows(runtime.recompute, sizes, rows)
    ? tokens * layers * hiddenSize * FLOAT + 2 * oneLayer
    : all + oneLayer;
  const predicted = rows.at(-1)!;
  const logits = Math.min(HEAD_BYTES, predicted.rows * predicted.tokens * vocabSize * FLOAT);
  const widened = runtime.baseDtype === 'float32' ? 0 : WIDENED;
  return layersKept + HEAD_ARRAYS * logits + widened;
}
