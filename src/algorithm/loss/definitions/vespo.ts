import { z } from 'zod';
import * as tf from '../../../engine/tfjs.ts';
import { nonNegative } from '../../../options/ranges.ts';
import { constantOf } from '../../statistics/stop-gradient.ts';
import { aggregation } from '../terms/options.ts';
import { defineLoss, type PolicyTerms, type SurrogateResult } from '../terms/types.ts';

/** Bounds of a token's and a sequence's log-weight. */
const LOWEST = Math.log(1e-8);
const HIGHEST = 20;

/**
 * VESPO (variational sequence-level soft policy optimisation), https://arxiv.org/abs/2602.10693: −φ(w)·A·log π with
 * the detached gamma weight φ(w) = w^k · e^(λ(1 − w)) of the sequence's importance ratio w = Π π/π_old; k and λ by the
 * sign of the advantage (0 counts as positive).
 * As in TRL: token log-ratios are clamped to ±20, log w to [log 1e-8, 20]; the sampler's importance ratio enters log w
 * (over all positions, so it must be 1 on padding) instead of multiplying the loss.
 */
function surrogate(terms: PolicyTerms): SurrogateResult {
  const { advantages, hyper, inputs, mask } = terms;
  const phi = constantOf(
    (logRatio) => gammaWeight(sequenceLogWeight(logRatio, inputs.importanceRatio), terms),
    terms.logRatio,
  );
  const tokenLoss = tf.neg(tf.mul(tf.mul(phi, advantages), tf.mul(inputs.logprobs, mask)));
  const mean =
    phi.shape[1] === 1
      ? tf.div(tf.sum(phi), hyper.sequences!)
      : tf.div(tf.sum(tf.mul(phi, mask)), hyper.tokens!);
  return { tokenLoss, metrics: { 'vespo/phi_seq_mean': mean } };
}

/** log w of each sequence, [B, 1]. */
function sequenceLogWeight(logRatio: tf.Tensor, importanceRatio: tf.Tensor | undefined): tf.Tensor {
  const total = tf.sum(tf.clipByValue(logRatio, -HIGHEST, HIGHEST), 1, true);
  if (importanceRatio === undefined) return tf.clipByValue(total, LOWEST, HIGHEST);
  // Clamped before the log, so that a weight of 0 does not meet log 0.
  const logs = tf.log(tf.clipByValue(importanceRatio, 1e-8, Math.exp(HIGHEST)));
  return tf.clipByValue(tf.add(total, tf.sum(logs, 1, true)), LOWEST, HIGHEST);
}

/** exp(λ + k·log w − λ·w), [B, 1] (or [B, T] when advantages are). */
function gammaWeight(logWeight: tf.Tensor, { advantages, hyper }: PolicyTerms): tf.Tensor {
  const positive = tf.greaterEqual(advantages, tf.scalar(0));
  const k = tf.where(positive, hyper.vespoKPositive!, hyper.vespoKNegative!);
  const lambda = tf.where(positive, hyper.vespoLambdaPositive!, hyper.vespoLambdaNegative!);
  const logPhi = tf.add(lambda, tf.sub(tf.mul(k, logWeight), tf.mul(lambda, tf.exp(logWeight))));
  return tf.exp(logPhi);
}

/** A gamma weight w^k·e^(λ(1 − w)). */
const weight = (k: number, lambda: number) =>
  z.strictObject({ k: nonNegative, lambda: nonNegative }).default({ k, lambda });

export const vespo = defineLoss({
  options: {
    vespoPositive: weight(2, 3).describe(
      'shape and rate of the weight where the advantage is ≥ 0, `{ k, lambda }`',
    ),
    vespoNegative: weight(3, 2).describe(
      'shape and rate of the weight where the advantage is negative, `{ k, lambda }`',
    ),
    ...aggregation('token-mean'),
  },
  surrogate,
  hyper: ({ vespoPositive, vespoNegative }) => ({
    vespoKPositive: vespoPositive.k,
    vespoLambdaPositive: Math.max(1e-4, vespoPositive.lambda),
    vespoKNegative: vespoNegative.k,
    vespoLambdaNegative: Math.max(1e-4, vespoNegative.lambda),
  }),
  advantage: { estimator: 'grpo' },
  ownsImportanceRatio: true,
});
