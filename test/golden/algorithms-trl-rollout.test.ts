import '@tensorflow/tfjs-backend-cpu';
import { beforeAll, expect } from 'vitest';
import { completionMetrics, lossMask } from '../../src/algorithm/completions.ts';
import { importanceWeights } from '../../src/algorithm/importance-correction.ts';
import { totalTokens } from '../../src/algorithm/statistics/aggregation.ts';
import * as tf from '../../src/engine/tfjs.ts';
import { rewardMetrics, weightedRewards } from '../../src/environment/scoring/aggregate-scores.ts';
import { estimate } from '../algorithm/estimate.ts';
import { expectClose, flat, type GoldenCase, goldenSuite, onlyKeys } from './algorithms-cases.ts';
import { lossConfig, lossConfigKeys, runLoss, trlCall } from './algorithms-trl-loss.ts';
import { isTruncated } from './trl-response.ts';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

const rolloutKeys = [
  'num_generations',
  'reward_weights',
  'scale_rewards',
  'multi_objective_aggregation',
  'mask_truncated_completions',
  'mode',
  'eos_token_id',
  'pad_token_id',
  'vllm_importance_sampling_mode',
  'vllm_importance_sampling_clip_max',
  'vllm_importance_sampling_clip_min',
];
const inputKeys = [
  'rewards_per_func',
  'completion_ids',
  'old_per_token_logps',
  'ref_per_token_logps',
  'sampling_per_token_logps',
  'new_per_token_logps',
  'entropies',
];
const expectedKeys = [
  'advantages',
  'completion_mask',
  'num_items_in_batch',
  'metrics',
  'old_per_token_logps_kept',
  'importance_sampling_ratio',
  'loss',
  'grad_logps',
  'loss_metrics',
];

/** Rewards and advantages of a case. */
function score({ config, inputs }: GoldenCase) {
  const scores: (number | null)[][] = inputs.rewards_per_func;
  const weights: number[] = config.reward_weights ?? scores.map(() => 1);
  const rewards = weightedRewards(scores, weights);
  const groups = rewards.map((_, b) => Math.floor(b / config.num_generations));
  const batch = { rewards, groups, scores, weights };
  const estimated =
    config.multi_objective_aggregation === 'normalize_then_sum'
      ? estimate('normalise-then-sum', batch)
      : estimate('grpo', batch, { scaleRewards: config.scale_rewards });
  const names = scores.map((_, f) => `rf${f}`);
  return {
    advantages: estimated.advantages,
    metrics: { ...rewardMetrics(scores, names, rewards), ...estimated.metrics },
  };
}

/** Rows padded with 0 to the longest, as the peer pads. */
const padded = (rows: number[][]) => {
  const width = Math.max(...rows.map((row) => row.length));
  return rows.map((row) => [...row, ...new Array(width - row.length).fill(0)]);
};

/**
 * Whether TRL keeps log-probs of the policy as it was when it sampled. Not when one optimiser step uses up the rollout
 * batch: old equals current then, and the loss detaches its own log-probs.
 */
function keepsOld({ config }: GoldenCase): boolean {
  const spent = (config.gradient_accumulation_steps ?? 1) % (config.steps_per_generation ?? 1) === 0;
  return config.vllm_importance_sampling_mode !== null || !spent;
}

function check(given: GoldenCase) {
  const { name, config, inputs, expected } = given;
  onlyKeys(config, [...lossConfigKeys, ...rolloutKeys], name);
  onlyKeys(inputs, inputKeys, name);
  onlyKeys(expected, expectedKeys, name);
  const ids: number[][] = inputs.completion_ids;
  const ends = [config.eos_token_id, config.pad_token_id];
  const facts = {
    lengths: ids.map((row) => row.length),
    truncated: ids.map((row) => isTruncated(row, ends)),
  };
  const mask = padded(lossMask(facts, config.mask_truncated_completions));
  const { advantages, metrics: scored } = score(given);
  const correction = config.vllm_importance_sampling_mode;
  const importance =
    correction === null
      ? undefined
      : importanceWeights(
          {
            old: inputs.old_per_token_logps,
            sampling: inputs.sampling_per_token_logps.map(flat),
            mask,
          },
          {
            mode: correction,
            min: config.vllm_importance_sampling_clip_min ?? undefined,
            max: config.vllm_importance_sampling_clip_max ?? undefined,
          },
        );
  expectClose(advantages, expected.advantages, `${name} advantages`, { rtol: 5e-4 });
  expect(mask, `${name} completion_mask`).toEqual(expected.completion_mask);
  expect(totalTokens(mask), `${name} num_items_in_batch`).toBe(expected.num_items_in_batch);
  expect(keepsOld(given), `${name} old_per_token_logps_kept`).toBe(expected.old_per_token_logps_kept);
  // The recorded prompts have two tokens each; evaluation does not count.
  const num_tokens = config.mode === 'eval' ? 0 : facts.lengths.reduce((sum, length) => sum + 2 + length, 0);
  const metrics: Record<string, number> = {
    num_tokens,
    ...completionMetrics(facts),
    ...scored,
    ...importance?.metrics,
  };
  expect(Object.keys(metrics).sort(), `${name} metrics`).toEqual(Object.keys(expected.metrics).sort());
  for (const [key, value] of Object.entries(expected.metrics))
    expectClose(metrics[key], value, `${name} ${key}`);
  expectClose(
    importance?.weights.map((row) => Array.from(row)) ?? [],
    expected.importance_sampling_ratio ?? [],
    `${name} ratio`,
  );
  if ('loss' in expected) checkLoss(given, mask, advantages as Float32Array, importance?.weights);
}

function checkLoss(given: GoldenCase, mask: number[][], advantages: Float32Array, weights?: Float32Array[]) {
  const { name, config, inputs, expected } = given;
  const got = runLoss(
    {
      logprobs: inputs.new_per_token_logps,
      entropies: inputs.entropies,
      oldLogprobs: keepsOld(given) ? inputs.old_per_token_logps : undefined,
      refLogprobs: inputs.ref_per_token_logps,
      importanceRatio: weights?.map((row) => Array.from(row)),
      advantages: Array.from(advantages),
      mask,
    },
    lossConfig(config),
    { call: trlCall(config, totalTokens(mask)), maxLength: config.max_completion_length },
  );
  expectClose(got.loss, expected.loss, `${name} loss`);
  expectClose(got.gradLogprobs, expected.grad_logps, `${name} grad_logps`);
  expect(Object.keys(got.metrics).sort(), `${name} loss metrics`).toEqual(
    Object.keys(expected.loss_metrics).sort(),
  );
  for (const [key, value] of Object.entries(expected.loss_metrics))
    expectClose(got.metrics[key], value, `${name} ${key}`);
}

goldenSuite('trl_grpo_rollout', check);
