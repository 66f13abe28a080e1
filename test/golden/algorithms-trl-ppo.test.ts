import '@tensorflow/tfjs-backend-cpu';
import { beforeAll, expect } from 'vitest';
import { gae } from '../../src/algorithm/advantage/gae.ts';
import { batchConstants } from '../../src/algorithm/loss/batch-constants.ts';
import { hyperParameters } from '../../src/algorithm/loss/hyper-parameters.ts';
import { ppoLoss } from '../../src/algorithm/loss/ppo-loss.ts';
import { objectiveMetrics } from '../../src/algorithm/ppo/objective.ts';
import { tokenRewards, valueMask } from '../../src/algorithm/ppo/token-rewards.ts';
import { type Rows, totalTokens } from '../../src/algorithm/statistics/aggregation.ts';
import { masked } from '../../src/algorithm/statistics/masked-statistics.ts';
import * as tf from '../../src/engine/tfjs.ts';
import { lossConfig } from '../algorithm/loss-config.ts';
import { expectClose, type GoldenCase, goldenSuite, type Json, onlyKeys } from './algorithms-cases.ts';
import { differentiate, plainRows, scalarsOf, tensorOf } from './algorithms-gradient.ts';
import { lastTokenIndex, maskUpTo, truncateAtStop } from './trl-response.ts';

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

/** The peer's padding masks are 1 where ours are 0. */
const padding = (mask: readonly number[][]) => mask.map((row) => row.map((m) => 1 - m));

/** What TRL writes in place of log-probs after a response's last token. */
const INVALID_LOGPROB = 1;

/** Log-probs as TRL keeps them: its entropy counts every padding position −1. */
const invalidated = (logprobs: Rows, mask: Rows) =>
  logprobs.map((row, b) => Float32Array.from(row, (x, t) => (mask[b]![t] ? x : INVALID_LOGPROB)));

/** A mean over loss tokens as TRL takes it, over padding too, where the value is `padding`. */
function overPadding(mean: number, padding: number, mask: number[][]): number {
  const [tokens, positions] = [totalTokens(mask), mask.flat().length];
  return (mean * tokens + padding * (positions - tokens)) / positions;
}

/** Options of a value function that GAE itself does not use. */
const critic = {
  valueCoef: 1,
  valueClip: 1,
  detachValueHead: false,
  whitenRewards: false,
  scorePlacement: 'past-last',
} as const;

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
    mask,
    ended,
  };
  const valued = valueMask(batch, options);
  const rewards = tokenRewards(batch, options);
  const { advantages, returns } = gae.estimate(
    {
      rewards: rewards.scores,
      groups: responses.map((_, b) => b),
      tokenRewards: rewards.rewards,
      values: inputs.values,
      mask,
      valueMask: valued,
    },
    { gamma: config.gamma, lambda: config.lam, ...critic },
  );
  const values = masked(inputs.values, valued);
  const logprobs = invalidated(inputs.logprobs, mask);
  return { responses, last, ended, mask, valued, rewards, values, advantages, returns, logprobs };
}

function runPpoLoss({ config, inputs }: GoldenCase, r: ReturnType<typeof rollout>) {
  const settings = lossConfig({ name: 'ppo', clipEpsilon: config.cliprange });
  const maxCompletionLength = r.mask[0]!.length;
  const policy = batchConstants({ mask: r.mask, maxCompletionLength }, settings);
  const value = batchConstants({ mask: r.valued, maxCompletionLength }, settings);
  const got = differentiate(
    (logprobs, values) =>
      ppoLoss(
        {
          logprobs,
          oldLogprobs: tensorOf(inputs.logprobs),
          advantages: tensorOf(r.advantages),
          mask: tensorOf(r.mask),
          lossWeights: tensorOf(policy.lossWeights),
          hyper: scalarsOf({ ...hyperParameters(settings), ...policy.scalars }),
        },
        {
          values,
          oldValues: tensorOf(r.values),
          returns: tensorOf(r.returns),
          mask: tensorOf(r.valued),
          lossWeights: tensorOf(value.lossWeights),
          hyper: scalarsOf({
            ...value.scalars,
            valueClip: config.cliprange_value,
            valueCoef: config.vf_coef,
          }),
        },
        settings,
      ),
    [inputs.new_logprobs, inputs.vpred],
  );
  return { ...got, gradLogprobs: got.grads[0], gradValues: got.grads[1] };
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
    kl: r.rewards.tokenKl,
    non_score_reward: plainRows(r.rewards.penalty),
    scores_after_penalty: r.rewards.scores,
    rewards_final: plainRows(r.rewards.rewards),
    logprobs_masked: plainRows(r.logprobs),
    values_masked: plainRows(r.values),
    advantages: plainRows(r.advantages),
    returns: plainRows(r.returns),
    loss: loss.loss,
    pg_loss: loss.metrics['loss/policy_avg'],
    vf_loss: loss.metrics['loss/value_avg'],
    pg_clipfrac: loss.metrics['policy/clipfrac_avg'],
    vf_clipfrac: loss.metrics['val/clipfrac_avg'],
    approxkl: overPadding(loss.metrics['policy/approxkl_avg']![0]!, 0, r.mask),
    ratio_mean: overPadding(loss.metrics['val/ratio']![0]!, 1, r.mask),
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

goldenSuite('trl_ppo', check);
