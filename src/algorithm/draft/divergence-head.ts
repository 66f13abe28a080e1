import { together } from '../../engine/ops/after.ts';
import { spans } from '../../engine/ops/logprob-rows.ts';
import { type Matrix, timesMatrix, timesTransposed } from '../../engine/ops/matrix.ts';
import * as tf from '../../engine/tfjs.ts';
import { acceptance, type DivergenceName, divergences, type LogprobPair } from './divergences.ts';

// The heads of a target and of its draft, and the divergence between them. As `logprobHead` does, it works in chunks of
// rows, so that never more than a few [chunk, V] are held. The gradient of the draft's states does not depend on the
// incoming one but for a factor, so the forward pass computes it while it has the logits. The gradient of the head's
// weight, where it trains, computes the logits of both again.

/** One of the two models at the same N positions: final hidden states [N, D], head [V, D], soft cap of its logits. */
export interface HeadRows {
  readonly hidden: tf.Tensor2D;
  readonly weight: Matrix;
  /** 0 without one. */
  readonly softcap: number;
}

export interface DivergenceInputs {
  readonly target: HeadRows;
  readonly draft: HeadRows;
  /** The token that stands at each position, int32 [N]. */
  readonly targets: tf.Tensor1D;
  readonly temperature: tf.Scalar;
}

export interface DivergenceOptions {
  readonly loss: DivergenceName;
  /** As in `logprobHead`. */
  readonly chunk: number;
  readonly chunks: number;
  /** Whether the draft's head trains. */
  readonly weightGradient: boolean;
}

/** What is measured at each position, [N] each. Only the divergence has a gradient. */
export interface DivergenceRows {
  readonly divergence: tf.Tensor1D;
  /** Σᵥ min(p(v), q(v)), in [0, 1]. */
  readonly acceptance: tf.Tensor1D;
  /** log q(x) − log p(x) of the token x that stands there, nats. */
  readonly logRatio: tf.Tensor1D;
}

type Span = ReturnType<typeof spans>[number];

/**
 * Computes the divergence between p = softmax(cap(h·Wᵀ)/temperature) of a target and q of its draft at each position.
 * The target is a constant; the gradient is by the draft's hidden states, and by its head if that trains.
 */
export function divergenceHead(inputs: DivergenceInputs, options: DivergenceOptions): DivergenceRows {
  const { draft } = inputs;
  const trained = options.weightGradient ? [draft.hidden, draft.weight as tf.Tensor2D] : [draft.hidden];
  const op = tf.customGrad((...args) => {
    const save = args.pop() as unknown as tf.GradSaveFunc;
    const given = withTrained(inputs, args as tf.Tensor2D[]);
    const parts = spans(draft.hidden.shape[0], options).map((rows) =>
      tf.tidy(() => together(forwardChunk(given, rows, options))),
    );
    const [values, direction] = [0, 1].map((i) => tf.concat(parts.map((part) => part[i]!))) as [
      tf.Tensor,
      tf.Tensor,
    ];
    save([direction, ...(args as tf.Tensor[])]);
    const gradFunc = (dy: tf.Tensor, saved: tf.Tensor[]) => {
      const [toHidden, ...tensors] = saved as tf.Tensor2D[];
      const incoming = tf.slice(dy, [0, 0], [-1, 1]) as tf.Tensor2D;
      const byHidden = tf.mul(toHidden!, incoming);
      if (!options.weightGradient) return [byHidden];
      return [byHidden, weightGradient(withTrained(inputs, tensors), incoming, options)];
    };
    return { value: values, gradFunc };
  });
  const rows = op(...trained);
  const column = (i: number) => tf.reshape(tf.slice(rows, [0, i], [-1, 1]), [-1]) as tf.Tensor1D;
  return { divergence: column(0), acceptance: column(1), logRatio: column(2) };
}

const withTrained = (
  inputs: DivergenceInputs,
  [hidden, weight]: readonly tf.Tensor2D[],
): DivergenceInputs => ({
  ...inputs,
  draft: { ...inputs.draft, hidden: hidden!, ...(weight && { weight }) },
});

const cut = <T extends tf.Tensor>(x: T, { start, size }: Span): T => tf.slice(x, [start], [size]);

/** Log-probs of some rows over the vocabulary, and the slope of the soft cap at each logit, 1 without a cap. */
function logprobsOf({ hidden, weight, softcap }: HeadRows, rows: Span, temperature: tf.Scalar) {
  const plain = timesTransposed(cut(hidden, rows), weight);
  const bent = softcap === 0 ? undefined : tf.tanh(tf.div(plain, softcap));
  const scaled = tf.div(bent ? tf.mul(bent, softcap) : plain, temperature);
  const shifted = tf.sub(scaled, tf.max(scaled, 1, true));
  const logprobs: tf.Tensor2D = tf.sub(shifted, tf.log(tf.sum(tf.exp(shifted), 1, true)));
  return { logprobs, bend: bent && tf.sub(1, tf.square(bent)) };
}

/** The two models' log-probs of some rows, and ∂divergence/∂(h·Wᵀ) of the draft, [rows, V]. */
function compareRows({ target, draft, temperature }: DivergenceInputs, rows: Span, loss: DivergenceName) {
  const { logprobs, bend } = logprobsOf(draft, rows, temperature);
  const pair: LogprobPair = { target: logprobsOf(target, rows, temperature).logprobs, draft: logprobs };
  const { value, slope } = divergences[loss](pair);
  const scaled = tf.div(bend ? tf.mul(slope, bend) : slope, temperature) as tf.Tensor2D;
  return { pair, value, slope: scaled };
}

/** For some rows: divergence, acceptance and log-ratio, [rows, 3], and the gradient of the divergence by h, [rows, D]. */
function forwardChunk(inputs: DivergenceInputs, rows: Span, { loss }: DivergenceOptions): tf.Tensor[] {
  const { pair, value, slope } = compareRows(inputs, rows, loss);
  const vocabulary = pair.draft.shape[1];
  const offsets = tf.mul(tf.range(0, rows.size, 1, 'int32'), tf.scalar(vocabulary, 'int32'));
  const places = tf.add(offsets, cut(inputs.targets, rows)) as tf.Tensor1D;
  const chosen = (x: tf.Tensor2D) => tf.expandDims(tf.gather(tf.reshape(x, [-1]), places), 1);
  const logRatio = tf.sub(chosen(pair.draft), chosen(pair.target));
  return [tf.concat([value, acceptance(pair), logRatio], 1), timesMatrix(slope, inputs.draft.weight)];
}

/** Σₙ dyₙ·slopeₙᵀ·hₙ, [V, D], a chunk at a time. */
function weightGradient(
  inputs: DivergenceInputs,
  incoming: tf.Tensor2D,
  options: DivergenceOptions,
): tf.Tensor {
  const { hidden } = inputs.draft;
  const parts = spans(hidden.shape[0], options).map((rows) =>
    tf.tidy(() => {
      const { slope } = compareRows(inputs, rows, options.loss);
      const scaled = tf.mul(cut(hidden, rows), cut(incoming, rows)) as tf.Tensor2D;
      return tf.matMul(slope, scaled, true, false) as tf.Tensor;
    }),
  );
  return parts.reduce((sum, part) => tf.add(sum, part));
}
