import { expect } from 'vitest';
import { perToken } from '../../src/algorithm/advantage/outcome.ts';
import { rowSum } from '../../src/algorithm/statistics/aggregation.ts';
import {
  maskedMean,
  maskedVariance,
  maskedWhiten,
} from '../../src/algorithm/statistics/masked-statistics.ts';
import { estimate } from '../algorithm/estimate.ts';
import { expectClose, flat, type GoldenCase, goldenSuite, type Json, onlyKeys } from './algorithms-cases.ts';

const rows = (value: Json): number[][] => value.map(flat);
/** Group labels as numbers, by first appearance. */
const numbered = (labels: Json[]) => labels.map((label) => labels.indexOf(label));

function checkWhitening({ name, config, inputs, expected }: GoldenCase, mask: number[][]) {
  onlyKeys(config, ['function', 'shift_mean'], name);
  onlyKeys(inputs, ['values'], name);
  onlyKeys(expected, ['whitened', 'masked_mean', 'masked_var'], name);
  expect(config.function).toBe('masked_whiten');
  const values = rows(inputs.values);
  expectClose(maskedMean(values, mask), expected.masked_mean, `${name} mean`);
  expectClose(maskedVariance(values, mask), expected.masked_var, `${name} variance`);
  expectClose(
    maskedWhiten(values, mask, config.shift_mean).map((row) => Array.from(row)),
    expected.whitened,
    name,
  );
}

function checkEstimator({ name, config, inputs, expected }: GoldenCase, mask: number[][]) {
  onlyKeys(config, ['estimator', 'gamma', 'lam', 'norm_adv_by_std_in_grpo', 'epsilon', 'f_norm'], name);
  onlyKeys(inputs, ['rewards', 'values', 'index', 'reward_baselines'], name);
  onlyKeys(expected, ['advantages', 'returns'], name);
  const tokenRewards = rows(inputs.rewards);
  const result = estimate(
    config.estimator,
    {
      rewards: tokenRewards.map(rowSum),
      tokenRewards,
      groups: numbered(inputs.index ?? tokenRewards.map((_, b) => b)),
      mask,
      values: inputs.values && rows(inputs.values),
      baselines: inputs.reward_baselines,
    },
    {
      compat: 'verl',
      scaleRewards: config.norm_adv_by_std_in_grpo === false ? 'none' : 'group',
      eps: config.epsilon,
      gamma: config.gamma,
      lambda: config.lam,
      norm: config.f_norm,
    },
  );
  const advantages = perToken(result, mask);
  // For estimators of whole completions verl returns the advantages as returns, too.
  const returns = result.returns ?? advantages;
  expectClose(
    advantages.map((row) => Array.from(row)),
    expected.advantages,
    `${name} advantages`,
  );
  expectClose(
    returns.map((row) => Array.from(row)),
    expected.returns,
    `${name} returns`,
  );
}

goldenSuite('verl_advantages', (given) => {
  const mask = rows(given.shared.response_mask);
  if ('estimator' in given.config) checkEstimator(given, mask);
  else checkWhitening(given, mask);
});
