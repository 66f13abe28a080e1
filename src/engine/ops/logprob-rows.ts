import { EngineError } from '../../errors.ts';
import * as tf from '../tfjs.ts';
import { together } from './after.ts';
import type { Saved } from './fused-kernel.ts';
import { type Matrix, matrixRows, timesMatrix, timesTransposed } from './matrix.ts';

// The language-model head for training. It computes logits in chunks of rows and never holds more than a few [chunk, V]
// of them. It makes no one-hot matrix.
//
// The gradient of `hidden` needs the logits only as expectations of weight rows. These do not depend on the incoming
// gradient, so the forward pass computes them while it has the logits. The backward pass then has no product with V.
// The gradient of `weight` computes the probabilities again.
//
// A soft cap bends the logits: z = cap(y)/temperature with y = hidden·weightᵀ and cap(y) = softcap·tanh(y/softcap). Its
// slope g = 1 − (cap(y)/softcap)² then multiplies each logit's gradient.

export type Rows = {
  readonly hidden: tf.Tensor2D;
  readonly targets: tf.Tensor1D;
  readonly temperature: tf.Scalar;
};
export type Dense = Rows & { readonly weight: tf.Tensor2D };
export type Inputs = Rows & { readonly weight: Matrix };
/**
 * `chunk` is the number of rows whose logits are held at a time, and `chunks` how many such parts there are: as many as
 * the rows need if it is 0. The last part has the rows that are left. `softcap` is 0 for a model without. The gradient of
 * `hidden` through `logprobs` is computed unless the head is `forwardOnly`. The other gradients are computed, and cost
 * something, only if they are asked for here.
 */
export type Attributes = {
  readonly chunk: number;
  readonly chunks: number;
  readonly softcap: number;
  readonly forwardOnly: boolean;
  readonly entropyGradient: boolean;
  readonly weightGradient: boolean;
};

interface Span {
  readonly start: number;
  readonly size: number;
}

/** entropy, logSumExp, expected, surprise, slopes */
type SavedOutputs = readonly [tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor];

/** Computes the outputs of `forwardChunk` for all rows, a chunk at a time. */
export function forward(inputs: Inputs, attributes: Attributes): tf.Tensor[] {
  const parts = spans(inputs.hidden.shape[0], attributes).map((rows) =>
    tf.tidy(() => together(forwardChunk(inputs, rows, attributes))),
  );
  return parts[0]!.map((_, i) => tf.concat(parts.map((part) => part[i]!)));
}

/** Cuts rows into chunks. With a number of chunks given, what is cut has the same form whatever the sizes are. */
export function spans(rows: number, { chunk, chunks }: Pick<Attributes, 'chunk' | 'chunks'>): Span[] {
  const count = chunks || Math.ceil(rows / chunk);
  return Array.from({ length: count }, (_, i) => ({
    start: i * chunk,
    size: i === count - 1 ? rows - i * chunk : chunk,
  }));
}

const cut = <T extends tf.Tensor>(x: T, { start, size }: Span): T => tf.slice(x, [start], [size]);

/** Some rows' z, and the slope of the soft cap at each, [rows, V]; no slope without a cap. */
interface Logits {
  readonly z: tf.Tensor2D;
  readonly slope?: tf.Tensor2D;
}

function logitsOf({ hidden, weight, temperature }: Inputs, rows: Span, softcap: number): Logits {
  if (softcap === 0) return { z: timesTransposed(tf.div(cut(hidden, rows), temperature), weight) };
  const bent = tf.tanh(tf.div(timesTransposed(cut(hidden, rows), weight), softcap));
  return {
    z: tf.div(tf.mul(bent, softcap), temperature) as tf.Tensor2D,
    slope: tf.sub(1, tf.square(bent)) as tf.Tensor2D,
  };
}

/**
 * Computes six outputs for some rows: the log-prob of the target, the entropy H and the log-sum-exp, [rows] each;
 * expected = Σⱼ gⱼ·pⱼ·weightⱼ, [rows, D]; surprise = Σⱼ gⱼ·pⱼ log pⱼ·weightⱼ, [rows, D]; and g of the target, [rows]. g
 * is the slope of the soft cap, 1 without one. Without a gradient of the entropy surprise is empty, [rows, 0]; a
 * head that is `forwardOnly` has no expected either; and without a cap g is empty, [0].
 */
function forwardChunk(
  inputs: Inputs,
  rows: Span,
  { entropyGradient, softcap, forwardOnly }: Attributes,
): tf.Tensor[] {
  const { z: logits, slope } = logitsOf(inputs, rows, softcap);
  const sloped = (x: tf.Tensor2D): tf.Tensor2D => (slope ? tf.mul(x, slope) : x);
  const peak = tf.max(logits, 1, true);
  const shifted = tf.sub(logits, peak);
  const exps = tf.exp(shifted) as tf.Tensor2D;
  const total = tf.sum(exps, 1);
  const logTotal = tf.log(total);
  const vocabulary = logits.shape[1];
  const offsets = tf.mul(tf.range(0, rows.size, 1, 'int32'), tf.scalar(vocabulary, 'int32'));
  const places = tf.add(offsets, cut(inputs.targets, rows)) as tf.Tensor1D;
  const chosen = tf.gather(tf.reshape(shifted, [-1]), places);
  const weighted = tf.mul(exps, shifted) as tf.Tensor2D;
  const entropy = tf.sub(logTotal, tf.div(tf.sum(weighted, 1), total));
  const column = (x: tf.Tensor) => tf.expandDims(x, 1);
  const none = tf.zeros([rows.size, 0]);
  const expected = forwardOnly ? none : tf.div(timesMatrix(sloped(exps), inputs.weight), column(total));
  const surprise = entropyGradient
    ? tf.sub(
        tf.div(timesMatrix(sloped(weighted), inputs.weight), column(total)),
        tf.mul(expected, column(logTotal)),
      )
    : none;
  const slopes = slope ? tf.gather(tf.reshape(slope, [-1]), places) : tf.zeros([0]);
  const logSumExp = tf.add(logTotal, tf.squeeze(peak, [1]));
  return [tf.sub(chosen, logTotal), entropy, logSumExp, expected, surprise, slopes];
}

/**
 * Let a = dlogprobs and e = dentropy. The gradient of z is a·(onehot − p) − e·p∘(log p + H). The gradient of `hidden` is
 * therefore (a·(g[target]·weight[target] − expected) − e·(surprise + H·expected)) / temperature.
 */
export function hiddenGradient({ inputs, dys, outputs, attributes }: Saved<Inputs, Attributes>): tf.Tensor {
  if (attributes.forwardOnly) throw new EngineError('the head is forwardOnly, but its gradient is asked for');
  const { weight, targets, temperature } = inputs;
  const [entropy, , expected, surprise, slopes] = outputs as readonly tf.Tensor[] as SavedOutputs;
  const column = (x: tf.Tensor) => tf.expandDims(tf.div(x, temperature), 1);
  const a = column(dys[0]!);
  const target = matrixRows(weight, targets);
  const sloped = attributes.softcap === 0 ? target : tf.mul(target, tf.expandDims(slopes, 1));
  const chosen = tf.mul(tf.sub(sloped, expected), a);
  if (!attributes.entropyGradient) return chosen;
  const spread = tf.add(surprise, tf.mul(tf.expandDims(entropy, 1), expected));
  return tf.sub(chosen, tf.mul(spread, column(dys[1]!)));
}

/** Computes Σₙ dyₙᵀ·hiddenₙ: adds each row to its target's row, then subtracts the softmax part chunk by chunk. */
export function weightGradient(saved: Saved<Dense, Attributes>): tf.Tensor {
  const { hidden, weight, targets, temperature } = saved.inputs;
  const capped = saved.attributes.softcap !== 0;
  const reached = capped ? tf.mul(saved.dys[0]!, saved.outputs[4]!) : saved.dys[0]!;
  const scale = tf.expandDims(tf.div(reached, temperature), 1);
  const landed = tf.unsortedSegmentSum(tf.mul(hidden, scale), targets, weight.shape[0]);
  return spans(hidden.shape[0], saved.attributes).reduce<tf.Tensor>(
    (sum, rows) =>
      tf.sub(
        sum,
        tf.tidy(() => softmaxPart(saved, rows)),
      ),
    landed,
  );
}

/**
 * Computes uᵀ·hidden / temperature for one chunk. u = g∘p∘a, and with a gradient of the entropy u = g∘p∘(a + e·(log p +
 * H)).
 */
function softmaxPart({ inputs, dys, outputs, attributes }: Saved<Dense, Attributes>, rows: Span): tf.Tensor {
  const column = (x: tf.Tensor) => tf.expandDims(cut(x, rows), 1);
  const { z, slope: bend } = logitsOf(inputs, rows, attributes.softcap);
  const logp = tf.sub(z, column(outputs[1]!));
  const a = column(dys[0]!);
  const hidden = tf.div(cut(inputs.hidden, rows), inputs.temperature);
  const all = tf.exp(logp) as tf.Tensor2D;
  const p: tf.Tensor2D = bend ? tf.mul(all, bend) : all;
  if (!attributes.entropyGradient) return tf.matMul(p, tf.mul(hidden, a) as tf.Tensor2D, true, false);
  const slope = tf.add(a, tf.mul(column(dys[1]!), tf.add(logp, column(outputs[0]!))));
  return tf.matMul(tf.mul(p, slope) as tf.Tensor2D, hidden as tf.Tensor2D, true, false);
}
