import '@tensorflow/tfjs-backend-cpu';
import { beforeAll, expect } from 'vitest';
import { klNamed } from '../../src/algorithm/kl/index.ts';
import { hyperParameters } from '../../src/algorithm/loss/hyper-parameters.ts';
import { type LossConfig, lossNamed } from '../../src/algorithm/loss/index.ts';
import { policyLoss } from '../../src/algorithm/loss/policy-loss.ts';
import { weightedSum } from '../../src/algorithm/loss/terms/weighted-sum.ts';
import { valueLoss } from '../../src/algorithm/loss/value-loss.ts';
import { logprobHead } from '../../src/engine/ops/logprob-head.ts';
import * as tf from '../../src/engine/tfjs.ts';
import { randomStream } from '../../src/random.ts';
import { lossConfig as ourConfig } from '../algorithm/loss-config.ts';
import { expectClose, type GoldenCase, goldenSuite, type Json, onlyKeys } from './algorithms-cases.ts';
import { differentiate, plainRows, scalarsOf, tensorOf } from './algorithms-gradient.ts';
import { type VerlCall, verlConstants } from './verl-call.ts';
import { rolloutCorrection } from './verl-rollout-correction.ts';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

const responseMask = ({ shared, inputs }: GoldenCase): number[][] =>
  inputs.response_mask ?? shared.response_mask;

/** verl's names of losses, in ours. */
const lossName = (mode: string) => (mode === 'vanilla' ? 'ppo' : mode);

function lossConfig(config: Readonly<Record<string, Json>>): LossConfig {
  return ourConfig({
    name: lossName(config.loss_mode),
    compat: 'verl',
    aggregation: config.loss_agg_mode,
    clipEpsilon: config.clip_ratio_low ?? config.clip_ratio,
    clipEpsilonHigh: config.clip_ratio_high ?? config.clip_ratio,
    dualClip: config.clip_ratio_c,
    sapoTemperaturePositive: config.tau_pos,
    sapoTemperatureNegative: config.tau_neg,
    klCovCoef: config.ppo_kl_coef,
    covariance: covariance(config),
  });
}

function covariance(config: Readonly<Record<string, Json>>) {
  if (config.loss_mode === 'kl_cov') return { share: config.kl_cov_ratio };
  if (config.loss_mode !== 'clip_cov') return undefined;
  return { share: config.clip_cov_ratio, lower: config.clip_cov_lb, upper: config.clip_cov_ub };
}

function verlCall(info: Readonly<Record<string, Json>>, name: string): VerlCall {
  onlyKeys(info, ['dp_size', 'batch_num_tokens', 'global_batch_size', 'loss_scale_factor'], name);
  return {
    dpSize: info.dp_size ?? undefined,
    batchNumTokens: info.batch_num_tokens ?? undefined,
    globalBatchSize: info.global_batch_size ?? undefined,
    lossScaleFactor: info.loss_scale_factor ?? undefined,
  };
}

/** Token weights and scalars for a bare aggregation, as the value, KL and entropy terms use it. */
const aggregation = (mask: number[][], mode: string) =>
  verlConstants(mask, ourConfig({ name: 'ppo', compat: 'verl', aggregation: mode }));

const policyKeys = [
  'loss_mode',
  'loss_agg_mode',
  'clip_ratio',
  'clip_ratio_low',
  'clip_ratio_high',
  'clip_ratio_c',
  'global_batch_info',
  'tau_pos',
  'tau_neg',
  'clip_cov_ratio',
  'clip_cov_lb',
  'clip_cov_ub',
  'kl_cov_ratio',
  'ppo_kl_coef',
];

function selection({ inputs, ...given }: GoldenCase, config: LossConfig): Float32Array[] | undefined {
  const batch = {
    logprobs: inputs.log_prob,
    oldLogprobs: inputs.old_log_prob,
    advantages: inputs.advantages,
    mask: responseMask({ inputs, ...given }),
  };
  return lossNamed(config).select?.(batch, config, randomStream(0, 'clip_cov'));
}

function checkPolicy(given: GoldenCase) {
  const { name, config: peer, inputs, expected } = given;
  onlyKeys(peer, policyKeys, name);
  onlyKeys(inputs, ['old_log_prob', 'log_prob', 'advantages', 'rollout_is_weights', 'response_mask'], name);
  onlyKeys(expected, ['loss', 'grad_log_prob', 'metrics'], name);
  const config = lossConfig(peer);
  const mask = responseMask(given);
  const constants = verlConstants(mask, config, verlCall(peer.global_batch_info, name));
  const selected = selection(given, config);
  const got = differentiate(
    (logprobs) =>
      policyLoss(
        {
          logprobs,
          oldLogprobs: tensorOf(inputs.old_log_prob),
          advantages: tensorOf(inputs.advantages),
          importanceRatio:
            inputs.rollout_is_weights === null ? undefined : tensorOf(inputs.rollout_is_weights),
          mask: tensorOf(mask),
          lossWeights: tensorOf(constants.lossWeights),
          selected: selected && tensorOf(selected),
          hyper: scalarsOf({ ...hyperParameters(config), ...constants.scalars }),
        },
        config,
      ),
    [inputs.log_prob],
  );
  expectClose(got.loss, expected.loss, `${name} loss`);
  expectClose(got.grads[0], expected.grad_log_prob, `${name} gradient`);
  expect(Object.keys(got.metrics).sort(), `${name} metrics`).toEqual(Object.keys(expected.metrics).sort());
  for (const [key, value] of Object.entries(expected.metrics)) {
    expectClose(got.metrics[key], value, `${name} ${key}`);
  }
}

function checkValue(given: GoldenCase) {
  const { name, config, inputs, expected } = given;
  onlyKeys(config, ['cliprange_value', 'loss_agg_mode'], name);
  onlyKeys(inputs, ['vpreds', 'returns', 'values', 'response_mask'], name);
  onlyKeys(expected, ['loss', 'clipfrac', 'grad_vpreds'], name);
  const mask = responseMask(given);
  const { lossWeights, scalars } = aggregation(mask, config.loss_agg_mode);
  const got = differentiate(
    (values) =>
      valueLoss({
        values,
        oldValues: tensorOf(inputs.values),
        returns: tensorOf(inputs.returns),
        mask: tensorOf(mask),
        lossWeights: tensorOf(lossWeights),
        hyper: scalarsOf({ ...scalars, valueClip: config.cliprange_value }),
      }),
    [inputs.vpreds],
  );
  expectClose(got.loss, expected.loss, `${name} loss`);
  expectClose(got.metrics['val/clipfrac_avg'], expected.clipfrac, `${name} clipfrac`);
  expectClose(got.grads[0], expected.grad_vpreds, `${name} gradient`);
}

function checkKl(given: GoldenCase) {
  const { name, config, inputs, expected } = given;
  onlyKeys(config, ['kl_penalty', 'loss_agg_mode'], name);
  onlyKeys(inputs, ['log_prob', 'ref_log_prob', 'response_mask'], name);
  onlyKeys(expected, ['values', 'loss', 'grad_log_prob'], name);
  // 'sum' is the plain sum of a case without a mask: every weight is 1.
  const summed = config.loss_agg_mode === 'sum';
  const ones = inputs.log_prob.map((row: Json[]) => row.map(() => 1));
  const weights = summed ? ones : aggregation(responseMask(given), config.loss_agg_mode).lossWeights;
  // verl's k3 is its low_var_kl; straight-through forms keep their plus.
  const estimator = klNamed(config.kl_penalty.replace(/^k3(?=\+?$)/, 'low_var_kl'));
  const got = differentiate(
    (logprobs) => {
      const values = estimator.tensor(logprobs, tensorOf(inputs.ref_log_prob));
      return { loss: weightedSum(values, tensorOf(weights)), metrics: { values } };
    },
    [inputs.log_prob],
  );
  expectClose(got.metrics.values, expected.values, `${name} values`);
  expectClose(got.loss, expected.loss, `${name} loss`);
  expectClose(got.grads[0], expected.grad_log_prob, `${name} gradient`);
}

function checkAggregation(given: GoldenCase) {
  const { name, config, inputs, expected } = given;
  onlyKeys(config, ['loss_agg_mode'], name);
  onlyKeys(inputs, ['loss_mat', 'response_mask'], name);
  onlyKeys(expected, ['loss', 'grad_loss_mat'], name);
  const { lossWeights } = aggregation(responseMask(given), config.loss_agg_mode);
  const got = differentiate((x) => ({ loss: weightedSum(x, tensorOf(lossWeights)) }), [inputs.loss_mat]);
  expectClose(got.loss, expected.loss, `${name} loss`);
  expectClose(got.grads[0], expected.grad_loss_mat, `${name} gradient`);
}

function checkRolloutCorrection(given: GoldenCase) {
  const { name, config, inputs, expected } = given;
  onlyKeys(config, ['rollout_is', 'rollout_is_threshold', 'rollout_is_batch_normalize'], name);
  onlyKeys(inputs, ['old_log_prob', 'rollout_log_prob', 'response_mask'], name);
  onlyKeys(expected, ['weights', 'modified_response_mask', 'metrics'], name);
  const mask = responseMask(given);
  const { weights, metrics } = rolloutCorrection(
    { old: inputs.old_log_prob, sampling: inputs.rollout_log_prob, mask },
    {
      level: config.rollout_is,
      threshold: config.rollout_is_threshold,
      batchNormalize: config.rollout_is_batch_normalize,
    },
  );
  expectClose(plainRows(weights), expected.weights, `${name} weights`);
  // Weights alone reject no token: the mask comes back as it went in.
  expect(mask, `${name} mask`).toEqual(expected.modified_response_mask);
  expect(Object.keys(metrics).sort(), `${name} metrics`).toEqual(Object.keys(expected.metrics).sort());
  for (const [key, value] of Object.entries(expected.metrics))
    expectClose(metrics[key], value, `${name} ${key}`);
}

/** Entropy of softmax(logits) through the engine's own head: hidden = logits, weight = identity. */
function checkEntropy(given: GoldenCase) {
  const { name, config, expected } = given;
  onlyKeys(config, ['loss_agg_mode'], name);
  onlyKeys(given.inputs, ['logits', 'response_mask', 'same_as'], name);
  onlyKeys(expected, ['loss', 'token_entropy', 'grad_logits'], name);
  const source = given.inputs.same_as;
  const inputs = source === undefined ? given.inputs : given.siblings.get(source)!.inputs;
  const [B, T, V] = [inputs.logits.length, inputs.logits[0].length, inputs.logits[0][0].length];
  const { lossWeights } = aggregation(inputs.response_mask, config.loss_agg_mode);
  const got = differentiate(
    (logits) => {
      const { entropy } = logprobHead(
        {
          hidden: tf.reshape(logits, [B * T, V]),
          weight: tf.eye(V),
          targets: tf.zeros([B * T], 'int32'),
          temperature: tf.scalar(1),
        },
        { entropyGradient: true },
      );
      const rows = tf.reshape(entropy, [B, T]);
      return { loss: weightedSum(rows, tensorOf(lossWeights)), metrics: { rows } };
    },
    [inputs.logits],
  );
  expectClose(got.loss, expected.loss, `${name} loss`);
  expectClose(got.metrics.rows, expected.token_entropy, `${name} entropy`);
  if ('grad_logits' in expected) expectClose(got.grads[0], expected.grad_logits, `${name} gradient`);
}

goldenSuite('verl_losses', (given) => {
  const { config, inputs, name } = given;
  if ('loss_mode' in config) checkPolicy(given);
  else if ('cliprange_value' in config) checkValue(given);
  else if ('kl_penalty' in config) checkKl(given);
  else if ('rollout_is' in config) checkRolloutCorrection(given);
  else if ('loss_mat' in inputs) checkAggregation(given);
  else if ('logits' in inputs || 'same_as' in inputs) checkEntropy(given);
  else throw new Error(`${name}: a kind of case that this test does not know`);
});
