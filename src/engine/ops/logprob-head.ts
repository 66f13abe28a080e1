import { EngineError } from '../../errors.ts';
import * as tf from '../tfjs.ts';
import { fusedOp, type Saved } from './fused-kernel.ts';

// The language-model head for training. Logits are computed in chunks of rows, in the gradient once more, so that nothing
// wider than [chunk, V] is ever held; no one-hot matrix is made.

type Inputs = {
  readonly hidden: tf.Tensor2D;
  readonly weight: tf.Tensor2D;
  readonly targets: tf.Tensor1D;
  readonly temperature: tf.Scalar;
};
/** Which gradients besides that of `hidden` through `logprobs` are wanted: those not asked for cost nothing. */
type Attributes = {
  readonly chunk: number;
  readonly entropyGradient: boolean;
  readonly weightGradient: boolean;
};

const kernel = fusedOp<Inputs, Attributes>({
  kernelName: 'LogprobHead',
  inputs: ['hidden', 'weight', 'targets', 'temperature'],
  savedOutputs: [false, true, true],
  composite: (inputs, { chunk }) => {
    const parts = chunks(inputs.hidden.shape[0], chunk).map((rows) =>
      tf.tidy(() => forwardChunk(inputs, rows)),
    );
    return [0, 1, 2].map((i) => tf.concat(parts.map((part) => part[i]!)));
  },
  gradient: (saved) => {
    const { hidden, weight } = tf.tidy(() => backward(saved));
    return {
      hidden: () => hidden,
      weight: () => {
        if (weight === undefined)
          throw new EngineError('the head trains: call logprobHead with weightGradient true');
        return weight;
      },
    };
  },
});

/** Log-probs (nats) of the targets and the entropy (nats) of each row's distribution. */
export interface HeadOutputs {
  /** [N] */
  readonly logprobs: tf.Tensor1D;
  /** [N] */
  readonly entropy: tf.Tensor1D;
}

/**
 * Log-probs of target tokens and entropies under softmax(hidden·weightᵀ / temperature):
 * logprobs[n] = z[targets[n]] − log Σⱼ exp zⱼ, entropy[n] = −Σⱼ pⱼ log pⱼ.
 *
 * hidden [N, D], weight [V, D], targets int32 [N], temperature a scalar. The gradient of `entropy` is computed only with
 * `entropyGradient`, that of `weight` only with `weightGradient`; without, entropy counts as a constant.
 * @throws EngineError when the weight's gradient is needed but was not asked for.
 */
export function logprobHead(inputs: Inputs, options: Partial<Attributes> = {}): HeadOutputs {
  const attributes = { chunk: 256, entropyGradient: false, weightGradient: false, ...options };
  const [logprobs, entropy] = kernel(inputs, attributes);
  return { logprobs: logprobs as tf.Tensor1D, entropy: entropy as tf.Tensor1D };
}

interface Rows {
  readonly start: number;
  readonly size: number;
}

function chunks(rows: number, chunk: number): Rows[] {
  return Array.from({ length: Math.ceil(rows / chunk) }, (_, i) => ({
    start: i * chunk,
    size: Math.min(chunk, rows - i * chunk),
  }));
}

const cut = <T extends tf.Tensor>(x: T, { start, size }: Rows): T => tf.slice(x, [start], [size]);

/** z = hidden·weightᵀ / temperature of some rows, [rows, V]. */
const logitsOf = ({ hidden, weight, temperature }: Inputs, rows: Rows): tf.Tensor2D =>
  tf.matMul(tf.div(cut(hidden, rows), temperature), weight, false, true);

function forwardChunk(inputs: Inputs, rows: Rows): [tf.Tensor, tf.Tensor, tf.Tensor] {
  const logits = logitsOf(inputs, rows);
  const peak = tf.max(logits, 1, true);
  const shifted = tf.sub(logits, peak);
  const exps = tf.exp(shifted);
  const total = tf.sum(exps, 1);
  const logTotal = tf.log(total);
  const vocabulary = inputs.weight.shape[0];
  const offsets = tf.range(0, rows.size * vocabulary, vocabulary, 'int32');
  const chosen = tf.gather(
    tf.reshape(shifted, [-1]),
    tf.add(offsets, cut(inputs.targets, rows)) as tf.Tensor1D,
  );
  const entropy = tf.sub(logTotal, tf.div(tf.sum(tf.mul(exps, shifted), 1), total));
  return [tf.sub(chosen, logTotal), entropy, tf.add(logTotal, tf.squeeze(peak, [1]))];
}

/**
 * With a = dlogprobs and e = dentropy: dz = a·(onehot − p) − e·p∘(log p + H). The one-hot part is a look-up of weight rows,
 * a·weight[targets], and for the weight a sum over rows of equal target.
 */
function backward(saved: Saved<Inputs, Attributes>): { hidden: tf.Tensor; weight?: tf.Tensor } {
  const { hidden, weight, targets, temperature } = saved.inputs;
  const parts = chunks(hidden.shape[0], saved.attributes.chunk).map((rows) =>
    tf.tidy(() => backwardChunk(saved, rows)),
  );
  const scale = tf.div(tf.expandDims(saved.dys[0]!, 1), temperature);
  const looked = tf.mul(tf.gather(weight, targets), scale);
  const dHidden = tf.sub(looked, tf.concat(parts.map((part) => part.hidden)));
  if (!saved.attributes.weightGradient) return { hidden: dHidden };
  const landed = tf.unsortedSegmentSum(tf.mul(hidden, scale), targets, weight.shape[0]);
  return {
    hidden: dHidden,
    weight: parts.reduce((sum, part) => tf.sub(sum, part.weight!), landed as tf.Tensor),
  };
}

/**
 * The softmax part of one chunk: (u·weight)∘s and uᵀ·(hidden∘s), where u = p and s = a / temperature, or, when entropy has a
 * gradient, u = p∘(a + e·(log p + H)) and s = 1 / temperature. The factor s is applied to the narrow side.
 */
function backwardChunk(
  saved: Saved<Inputs, Attributes>,
  rows: Rows,
): { hidden: tf.Tensor; weight?: tf.Tensor } {
  const { inputs, attributes } = saved;
  const column = (x: tf.Tensor) => tf.expandDims(cut(x, rows), 1);
  const logp = tf.sub(logitsOf(inputs, rows), column(saved.outputs[1]!));
  const a = column(saved.dys[0]!);
  let u = tf.exp(logp);
  let scale = tf.div(a, inputs.temperature);
  if (attributes.entropyGradient) {
    const surprise = tf.add(logp, column(saved.outputs[0]!));
    u = tf.mul(u, tf.add(a, tf.mul(column(saved.dys[1]!), surprise)));
    scale = tf.div(tf.onesLike(a), inputs.temperature);
  }
  const dHidden = tf.mul(tf.matMul(u, inputs.weight), scale);
  if (!attributes.weightGradient) return { hidden: dHidden };
  return { hidden: dHidden, weight: tf.matMul(u, tf.mul(cut(inputs.hidden, rows), scale), true, false) };
}
