import { type BatchConstants, batchConstants } from '../../src/algorithm/loss/batch-constants.ts';
import { hyperParameters } from '../../src/algorithm/loss/hyper-parameters.ts';
import { type LossConfig, losses, lossNamed, verlLosses } from '../../src/algorithm/loss/index.ts';
import { policyLoss } from '../../src/algorithm/loss/policy-loss.ts';
import type { LossInputs } from '../../src/algorithm/loss/terms/types.ts';
import type { HostTensor, Named } from '../../src/engine/engine.ts';
import * as tf from '../../src/engine/tfjs.ts';
import { normal, randomStream } from '../../src/random.ts';
import { lossConfig } from './loss-config.ts';

const T = 6;

/** A batch of rows [B][T] in plain numbers. */
export interface Batch {
  readonly rows: Readonly<Record<RowName, number[][]>>;
  readonly advantages: number[];
}
const rowNames = ['logprobs', 'entropies', 'oldLogprobs', 'refLogprobs', 'importanceRatio', 'mask'] as const;
type RowName = (typeof rowNames)[number];

/** Rows of unequal lengths, one of them fully masked, off-policy enough that clips bind. */
export function randomBatch(B: number, seed = 0): Batch {
  const random = randomStream(seed, 'loss test');
  const around = (rows: number[][], spread: number) =>
    rows.map((row) => row.map((x) => x + spread * normal(random)));
  const filled = (of: () => number) => Array.from({ length: B }, () => Array.from({ length: T }, of));
  const logprobs = filled(() => -0.2 - 2 * random.next());
  const lengths = Array.from({ length: B }, (_, b) => (b === 1 ? 0 : 1 + Math.floor(random.next() * T)));
  return {
    rows: {
      logprobs,
      entropies: filled(() => 2 * random.next()),
      oldLogprobs: around(logprobs, 0.3),
      refLogprobs: around(logprobs, 0.4),
      importanceRatio: filled(() => 0.7 + 0.6 * random.next()),
      mask: lengths.map((length) => Array.from({ length: T }, (_, t) => (t < length ? 1 : 0))),
    },
    advantages: Array.from({ length: B }, () => normal(random)),
  };
}

const settings = {
  clipEpsilon: 0.2,
  clipEpsilonHigh: 0.28,
  delta: 1.5,
  ratioMax: 1.2,
  dualClip: 1.3,
  covariance: { share: 0.3 },
  klCoef: 0.05,
  entropyCoef: 0.01,
  topEntropyQuantile: 0.6,
  offPolicyThreshold: 0.1,
};

/** Every loss with everything switched on that it allows. */
export const everyLoss: readonly [string, LossConfig][] = [
  ...Object.keys(losses).map((name) => [name, lossConfig({ name, ...settings })] as [string, LossConfig]),
  ...Object.keys(verlLosses).map(
    (name) => [`${name} (verl)`, lossConfig({ name, compat: 'verl', ...settings })] as [string, LossConfig],
  ),
];

/** What the whole batch says: weights, scalars, selections. */
export function constantsOf(
  { rows, advantages }: Batch,
  config: LossConfig,
): BatchConstants & { selected: number[][] } {
  const constants = batchConstants(
    { mask: rows.mask, entropies: rows.entropies, maxCompletionLength: 9 },
    config,
  );
  const covariances = { logprobs: rows.logprobs, oldLogprobs: rows.oldLogprobs, advantages, mask: rows.mask };
  const selected = lossNamed(config).select?.(covariances, config, randomStream(0, 'cov'));
  return { ...constants, selected: (selected ?? rows.mask).map((row) => Array.from(row)) };
}

/** Rows `from` to `to` of a batch as the inputs of a program. */
export function programInputs(
  { rows, advantages }: Batch,
  constants: ReturnType<typeof constantsOf>,
  config: LossConfig,
  [from, to]: readonly [number, number] = [0, advantages.length],
): Record<string, HostTensor> {
  const host = (values: ArrayLike<number>[]): HostTensor => ({
    data: Float32Array.from(values.slice(from, to).flatMap((row) => Array.from(row))),
    shape: [to - from, T],
    dtype: 'float32',
  });
  const scalars = { ...hyperParameters(config), ...constants.scalars };
  return {
    ...Object.fromEntries(rowNames.map((name) => [name, host(rows[name])])),
    lossWeights: host(constants.lossWeights),
    selected: host(constants.selected),
    advantages: { data: Float32Array.from(advantages.slice(from, to)), shape: [to - from], dtype: 'float32' },
    ...Object.fromEntries(
      Object.entries(scalars).map(([name, value]) => [
        `hyper.${name}`,
        { data: Float32Array.of(value), shape: [], dtype: 'float32' } satisfies HostTensor,
      ]),
    ),
  };
}

/** The loss with its gradients and metrics, as an engine compiles it. */
export const lossProgram =
  (config: LossConfig) =>
  (inputs: Named<tf.Tensor>): Named<tf.Tensor> => {
    const hyper = Object.fromEntries(
      Object.entries(inputs).flatMap(([name, t]) => (name.startsWith('hyper.') ? [[name.slice(6), t]] : [])),
    );
    const metrics: Record<string, tf.Tensor> = {};
    const f = (logprobs: tf.Tensor, entropies: tf.Tensor) => {
      const result = policyLoss({ ...(inputs as unknown as LossInputs), logprobs, entropies, hyper }, config);
      for (const [name, metric] of Object.entries(result.metrics))
        metrics[`metric.${name}`] = tf.keep(metric);
      return result.loss as tf.Scalar;
    };
    const { value, grads } = tf.valueAndGrads(f)([inputs.logprobs!, inputs.entropies!]);
    return { loss: value, gradLogprobs: grads[0]!, gradEntropies: grads[1]!, ...metrics };
  };
