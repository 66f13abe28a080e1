import { EngineError } from '../../errors.ts';
import type * as tf from '../tfjs.ts';
import { tidy } from '../tfjs.ts';
import { fusedOp } from './fused-kernel.ts';
import {
  type Attributes,
  type Dense,
  forward,
  hiddenGradient,
  type Inputs,
  type Rows,
  weightGradient,
} from './logprob-rows.ts';
import { isQuantised, type Matrix } from './matrix.ts';
import type { QuantisedFormat } from './quantised-weight.ts';

// The language-model head for training as an op, for a weight in float32 and for a frozen one in fewer bits.
// logprob-rows.ts computes both.

type Quantised = Rows & { readonly codes: tf.Tensor; readonly scales: tf.Tensor };

// entropy, logSumExp, expected, surprise and slopes: see `forwardChunk` in logprob-rows.ts.
const savedOutputs = [false, true, true, true, true, true];

const kernel = fusedOp<Dense, Attributes>({
  kernelName: 'LogprobHead',
  inputs: ['hidden', 'weight', 'targets', 'temperature'],
  savedOutputs,
  composite: forward,
  gradient: (saved) => ({
    hidden: () => tidy(() => hiddenGradient(saved)),
    weight: () => {
      if (!saved.attributes.weightGradient) {
        throw new EngineError('the head trains: call logprobHead with weightGradient true');
      }
      return tidy(() => weightGradient(saved));
    },
  }),
});

const quantisedKernel = fusedOp<Quantised, Attributes & { readonly format: QuantisedFormat }>({
  kernelName: 'QuantisedLogprobHead',
  inputs: ['hidden', 'codes', 'scales', 'targets', 'temperature'],
  savedOutputs,
  composite: (inputs, attributes) => forward(withMatrix(inputs, attributes), attributes),
  gradient: (saved) => {
    const inputs = withMatrix(saved.inputs, saved.attributes);
    return { hidden: () => tidy(() => hiddenGradient({ ...saved, inputs })) };
  },
});

const withMatrix = (
  { codes, scales, ...rows }: Quantised,
  { format }: { format: QuantisedFormat },
): Inputs => ({
  ...rows,
  weight: { format, codes, scales },
});

/** Log-probs (nats) of the targets and the entropy (nats) of each row's distribution. */
export interface HeadOutputs {
  /** [N] */
  readonly logprobs: tf.Tensor1D;
  /** [N] */
  readonly entropy: tf.Tensor1D;
}

/**
 * Computes log-probs of target tokens, and entropies, under p = softmax(z) with z = cap(hidden·weightᵀ) / temperature:
 * logprobs[n] = z[targets[n]] − log Σⱼ exp zⱼ, entropy[n] = −Σⱼ pⱼ log pⱼ, in nats.
 *
 * hidden [N, D], weight [V, D], targets int32 [N], temperature a scalar. Without `entropyGradient`, entropy counts as a
 * constant. `weight` gets a gradient only with `weightGradient`, and none if it is quantised. With `forwardOnly` there are
 * no gradients, and what they alone need is not computed. A chunk is 256 rows, or fewer for a large vocabulary.
 * @throws EngineError when a gradient is needed but was not asked for.
 * @example
 * const { logprobs } = logprobHead({ hidden, weight, targets, temperature: tf.scalar(1) });
 */
export function logprobHead(inputs: Inputs, options: Partial<Attributes> = {}): HeadOutputs {
  const { weight, ...rows } = inputs;
  const attributes = {
    chunks: 0,
    chunk: chunkRows(isQuantised(weight) ? weight.codes.shape[0]! : weight.shape[0]),
    softcap: 0,
    forwardOnly: false,
    entropyGradient: false,
    weightGradient: false,
    ...options,
  };
  const [logprobs, entropy] = runHead(rows, weight, attributes);
  return { logprobs: logprobs as tf.Tensor1D, entropy: entropy as tf.Tensor1D };
}

/** Bytes of logits that are held at a time, at most. */
const CHUNK_BYTES = 80e6;

/** Rows of a chunk for a vocabulary: 256, or fewer where their logits would take too much, in steps of 32. */
export function chunkRows(vocabulary: number): number {
  const rows = CHUNK_BYTES / (4 * vocabulary);
  return Math.max(32, Math.min(256, 32 * Math.floor(rows / 32)));
}

function runHead(rows: Rows, weight: Matrix, attributes: Attributes): tf.Tensor[] {
  if (!isQuantised(weight)) return kernel({ ...rows, weight }, attributes);
  const { format, codes, scales } = weight;
  return quantisedKernel({ ...rows, codes, scales }, { ...attributes, format });
}
