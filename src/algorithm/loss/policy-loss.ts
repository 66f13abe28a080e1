import * as tf from '../../engine/tfjs.ts';
import { klNamed } from '../kl/index.ts';
import { constantOf, detach } from '../statistics/stop-gradient.ts';
import { type LossConfig, lossNamed } from './index.ts';
import { tokenMean } from './terms/metrics.ts';
import type { ImportanceLevel, LossInputs, LossResult, PolicyTerms } from './terms/types.ts';
import { weightedSum } from './terms/weighted-sum.ts';

/**
 * The loss of one micro-batch:
 *   Σ_bt w_bt · (s_bt · policy_bt + klCoef · kl_bt)  −  entropyCoef · Σ_bt e_bt · H_bt / entropyTokens
 * where policy is the named loss's surrogate, w the batch's token weights, s the selections (entropy quantile,
 * off-policy mask) times the importance ratio between sampler and trainer, and e the entropy selection.
 * As in TRL the KL term is outside the selections. Only ops that trace and have gradients are used.
 */
export function policyLoss(inputs: LossInputs, config: LossConfig): LossResult {
  const { hyper, lossWeights } = inputs;
  const definition = lossNamed(config);
  const terms = policyTerms(inputs, definition.level ?? levelOf(config));
  const { tokenLoss, metrics } = definition.surrogate(terms, config);
  const importance = definition.ownsImportanceRatio ? undefined : inputs.importanceRatio;
  const chosen = highEntropy(inputs, config);
  let perToken = tokenLoss;
  for (const factor of [offPolicyKeep(terms, config), chosen, importance]) {
    if (factor !== undefined) perToken = tf.mul(perToken, factor);
  }
  if (config.klCoef !== 0) {
    const kl = klTerm(terms, config);
    perToken = tf.add(perToken, tf.mul(hyper.klCoef!, kl));
    metrics.kl = tokenMean(kl, terms);
  }
  let loss = weightedSum(perToken, lossWeights);
  if (inputs.entropies !== undefined) metrics.entropy = tokenMean(inputs.entropies, terms);
  if (config.entropyCoef !== 0) {
    metrics.policy_loss = loss;
    loss = tf.sub(loss, entropyBonus(inputs, chosen));
  }
  return { loss, metrics };
}

const levelOf = (config: LossConfig): ImportanceLevel =>
  'importanceLevel' in config ? config.importanceLevel : 'token';

function policyTerms(inputs: LossInputs, level: ImportanceLevel): PolicyTerms {
  const { logprobs, mask, hyper } = inputs;
  const old = inputs.oldLogprobs ?? detach(logprobs);
  // Padding may hold anything: its log-ratio is set to 0 before exp can overflow.
  const logRatio = tf.mul(tf.sub(logprobs, old), mask);
  const ratio = tf.exp(level === 'token' ? logRatio : rowMean(logRatio, mask));
  const advantages = inputs.advantages.rank === 1 ? tf.expandDims(inputs.advantages, 1) : inputs.advantages;
  return { inputs, mask, advantages, logRatio, ratio, level, hyper };
}

/** Mean of x over a row's loss tokens, [B, 1]; x is 0 outside the mask. */
function rowMean(x: tf.Tensor, mask: tf.Tensor): tf.Tensor {
  return tf.div(tf.sum(x, 1, true), tf.maximum(tf.sum(mask, 1, true), tf.scalar(1)));
}

/**
 * The KL estimate against the reference policy; with the bias correction times the ratio, through which gradient flows
 * too.
 */
function klTerm(terms: PolicyTerms, config: LossConfig): tf.Tensor {
  const { logprobs, refLogprobs } = terms.inputs;
  const estimator = klNamed(config.klEstimator);
  const kl = estimator.tensor(tf.mul(logprobs, terms.mask), tf.mul(refLogprobs!, terms.mask));
  return config.klBiasCorrection ? tf.mul(kl, terms.ratio) : kl;
}

/** 1 for tokens whose entropy reaches the batch's threshold, [B, T]. */
function highEntropy(inputs: LossInputs, config: LossConfig): tf.Tensor | undefined {
  if (config.topEntropyQuantile >= 1) return undefined;
  if (inputs.highEntropy !== undefined) return inputs.highEntropy;
  return constantOf(
    (entropies, mask) =>
      tf.mul(tf.cast(tf.greaterEqual(entropies, inputs.hyper.entropyThreshold!), 'float32'), mask),
    inputs.entropies!,
    inputs.mask,
  );
}

/** 0 for rows to drop: advantage < 0 and mean(sampled − current log-prob) above the threshold, [B, 1] or [B, T]. */
function offPolicyKeep(terms: PolicyTerms, config: LossConfig): tf.Tensor | undefined {
  if (config.offPolicyThreshold === undefined) return undefined;
  const { inputs, advantages, hyper, mask } = terms;
  const sampled = inputs.samplingLogprobs ?? inputs.oldLogprobs ?? detach(inputs.logprobs);
  const keep = (logprobs: tf.Tensor, from: tf.Tensor) => {
    const drift = rowMean(tf.mul(tf.sub(from, logprobs), mask), mask);
    const near = tf.lessEqual(drift, hyper.offPolicyThreshold!);
    return tf.cast(tf.logicalOr(tf.greaterEqual(advantages, tf.scalar(0)), near), 'float32');
  };
  return constantOf(keep, inputs.logprobs, sampled);
}

function entropyBonus(inputs: LossInputs, chosen: tf.Tensor | undefined): tf.Tensor {
  const { entropies, hyper, mask } = inputs;
  const total = tf.sum(tf.mul(entropies!, chosen ?? mask));
  return tf.div(tf.mul(hyper.entropyCoef!, total), hyper.entropyTokens!);
}
