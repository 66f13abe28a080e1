import '@tensorflow/tfjs-backend-cpu';
import { beforeAll, describe, expect, test } from 'vitest';
import { batchConstants } from '../../src/algorithm/loss/batch-constants.ts';
import { hyperParameters } from '../../src/algorithm/loss/hyper-parameters.ts';
import { ppoLoss } from '../../src/algorithm/loss/ppo-loss.ts';
import { ppoAdvantages } from '../../src/algorithm/ppo/advantages.ts';
import { invalidated, objectiveMetrics } from '../../src/algorithm/ppo/objective.ts';
import { lastTokenIndex, maskUpTo, truncateAtStop } from '../../src/algorithm/ppo/response.ts';
import { tokenRewards, valueMask } from '../../src/algorithm/ppo/token-rewards.ts';
import * as tf from '../../src/engine/tfjs.ts';
import { expectClose, type GoldenCase, type Json, onlyKeys, readCases } from './algorithms-cases.ts';

const { cases } = readCases('trl_ppo.json');

beforeAll(async () => {
  await tf.setBackend('cpu');
});

const configKeys = [
  'eos_token_id',
  'pad_token_id',
  'stop_token',
  'missing_eos_penalty',
  'kl_estimator',
  'kl_coef',
  'whiten_rewards',
  'gamma',
  'lam',
  'cliprange',
  'cliprange_value',
  'vf_coef',
];
const inputKeys = ['responses', 'logprobs', 'ref_logprobs', 'values', 'scores', 'new_logprobs', 'vpred'];

const plain = (rows: readonly ArrayLike<number>[]) => rows.map((row) => Array.from(row));
/** The peer's padding masks are 1 where ours are 0. */
const padding = (mask: readonly number[][]) => mask.map((row) => row.map((m) => 1 - m));

/** Everything up to the loss, under the names that the peer recorded. */
function rollout({ config, inputs }: GoldenCase) {
  const responses: number[][] =
    config.stop_token === null
      ? inputs.responses
      : inputs.responses.map((ids: number[]) =>
          truncateAtStop(ids, config.eos_token_id, config.pad_token_id),
        );
  const last = responses.map((ids) => lastTokenIndex(ids, config.pad_token_id));
  const ended = responses.map((ids) => ids.includes(config.eos_token_id));
  const mask = maskUpTo(last, responses[0]!.length);
  const options = {
    klEstimator: config.kl_estimator,
    klCoef: config.kl_coef,
    missingEosPenalty: config.missing_eos_penalty ?? undefined,
    scorePlacement: 'past-last',
    whitenRewards: config.whiten_rewards,
  } as const;
  const batch = {
    logprobs: inputs.logprobs,
    refLogprobs: inputs.ref_logprobs,
    scores: inputs.scores,
    last,
    ended,
  };
  const valued = valueMask(batch, options);
  const rewards = tokenRewards(batch, options);
  const { values, advantages, returns } = ppoAdvantages(
    { rewards: rewards.rewards, values: inputs.values, mask, valueMask: valued },
    { gamma: config.gamma, lambda: config.lam },
  );
  const logprobs = invalidated(inputs.logprobs, mask);
  return { responses, last, ended, mask, valued, rewards, values, advantages, returns, logprobs };
}

function runPpoLoss({ config, inputs }: GoldenCase, r: ReturnType<typeof rollout>) {
  const settings = {
    name: 'ppo',
    clipEpsilon: config.cliprange,
    klCoef: 0,
    klBiasCorrection: false,
    compat: 'trl',
  } as const;
  const policy = batchConstants({ mask: r.mask }, settings);
  const value = batchConstants({ mask: r.valued }, settings);
  return tf.tidy(() => {
    const tensor = (rows: readonly ArrayLike<number>[]) => tf.tensor2d(plain(rows));
    const scalars = (numbers: Record<string, number>) =>
      Object.fromEntries(Object.entries(numbers).map(([name, x]) => [name, tf.scalar(x)]));
    const kept: Record<string, tf.Tensor> = {};
    const f = (logprobs: tf.Tensor, values: tf.Tensor) => {
      const { loss, metrics } = ppoLoss(
        {
          logprobs,
          oldLogprobs: tensor(inputs.logprobs),
          advantages: tensor(r.advantages),
          mask: tensor(r.mask),
          lossWeights: tensor(policy.lossWeights),
          hyper: scalars({ ...hyperParameters(settings), ...policy.scalars }),
        },
        {
          values,
          oldValues: tensor(r.values),
          returns: tensor(r.returns),
          mask: tensor(r.valued),
          lossWeights: tensor(value.lossWeights),
          hyper: scalars({
            ...value.scalars,
            valueClip: config.cliprange_value,
            valueCoef: config.vf_coef,
          }),
        },
        settings,
      );
      for (const [name, metric] of Object.entries(metrics)) kept[name] = tf.keep(metric);
      return loss as tf.Scalar;
    };
    const out = tf.valueAndGrads(f)([tensor(inputs.new_logprobs), tensor(inputs.vpred)]);
    return {
      loss: out.value.dataSync()[0]!,
      gradLogprobs: out.grads[0]!.dataSync(),
      gradValues: out.grads[1]!.dataSync(),
      metrics: Object.fromEntries(Object.entries(kept).map(([name, t]) => [name, t.dataSync()[0]!])),
    };
  });
}

function check(given: GoldenCase) {
  const { name, config, inputs, expected } = given;
  onlyKeys(config, configKeys, name);
  onlyKeys(inputs, inputKeys, name);
  expect(['eos', null]).toContain(config.stop_token);
  const r = rollout(given);
  const loss = runPpoLoss(given, r);
  const objective = objectiveMetrics(r.rewards, r.logprobs);
  const got: Record<string, Json> = {
    postprocessed_responses: r.responses,
    sequence_lengths: r.last,
    contain_eos_token: r.ended,
    padding_mask: padding(r.mask),
    padding_mask_p1: padding(r.valued),
    kl: r.rewards.kl,
    non_score_reward: plain(r.rewards.penalty),
    scores_after_penalty: r.rewards.scores,
    rewards_final: plain(r.rewards.rewards),
    logprobs_masked: plain(r.logprobs),
    values_masked: plain(r.values),
    advantages: plain(r.advantages),
    returns: plain(r.returns),
    loss: loss.loss,
    pg_loss: loss.metrics['loss/policy_avg'],
    vf_loss: loss.metrics['loss/value_avg'],
    pg_clipfrac: loss.metrics['policy/clipfrac_avg'],
    vf_clipfrac: loss.metrics['val/clipfrac_avg'],
    approxkl: loss.metrics['policy/approxkl_avg'],
    ratio_mean: loss.metrics['val/ratio'],
    grad_new_logprobs: loss.gradLogprobs,
    grad_vpred: loss.gradValues,
    objective_kl: objective['objective/kl'],
    objective_entropy: objective['objective/entropy'],
    objective_non_score_reward: objective['objective/non_score_reward'],
    objective_rlhf_reward: objective['objective/rlhf_reward'],
  };
  onlyKeys(expected, Object.keys(got), name);
  for (const [key, value] of Object.entries(expected)) expectClose(got[key], value, `${name} ${key}`);
}

describe('trl_ppo', () => {
  test.each(cases)('$name', check);
});
