import { expect } from 'vitest';
import { type KlControl, nextKlCoef } from '../../src/algorithm/kl/controller.ts';
import { penaliseKl } from '../../src/algorithm/kl/in-reward.ts';
import { expectClose, flat, type GoldenCase, goldenSuite, type Json, onlyKeys } from './algorithms-cases.ts';

function control(config: Readonly<Record<string, Json>>): KlControl {
  return config.type === 'fixed'
    ? { type: 'fixed' }
    : { type: 'adaptive', target: config.target_kl, horizon: config.horizon };
}

function checkController({ name, config, inputs, expected }: GoldenCase) {
  onlyKeys(config, ['type', 'kl_coef', 'target_kl', 'horizon', 'n_steps'], name);
  onlyKeys(inputs, ['current_kl'], name);
  onlyKeys(expected, ['value_after_each'], name);
  expect(['fixed', 'adaptive']).toContain(config.type);
  let coef: number = config.kl_coef;
  const after = inputs.current_kl.map((kl: number) => {
    coef = nextKlCoef(control(config), coef, { kl, steps: config.n_steps });
    return coef;
  });
  expectClose(after, expected.value_after_each, name, { rtol: 1e-12, atol: 0 });
}

/** verl's k3 is its low_var_kl. */
const estimator = (name: string) => (name === 'k3' ? 'low_var_kl' : name);

function checkPenalty({ name, shared, config, inputs, expected }: GoldenCase) {
  onlyKeys(config, ['kl_penalty', 'kl_coef', 'target_kl', 'horizon', 'n_steps', 'type'], name);
  onlyKeys(inputs, ['token_level_scores'], name);
  onlyKeys(expected, ['token_level_rewards', 'metrics', 'kl_coef_after'], name);
  expect(config.n_steps).toBe('batch size');
  const scores = inputs.token_level_scores.map(flat);
  const { rewards, kl, metrics } = penaliseKl(
    scores,
    { logprobs: shared.old_log_prob, refLogprobs: shared.ref_log_prob, mask: shared.response_mask },
    { estimator: estimator(config.kl_penalty), coef: config.kl_coef },
  );
  expectClose(
    rewards.map((row) => Array.from(row)),
    expected.token_level_rewards,
    `${name} rewards`,
  );
  expect(Object.keys(metrics).sort()).toEqual(Object.keys(expected.metrics).sort());
  for (const [key, value] of Object.entries(expected.metrics))
    expectClose(metrics[key], value, `${name} ${key}`);
  const after = nextKlCoef(control(config), config.kl_coef, { kl, steps: scores.length });
  expectClose(after, expected.kl_coef_after, `${name} coefficient after`, { rtol: 1e-9 });
}

goldenSuite('verl_kl_control', (given) => {
  if ('kl_penalty' in given.config) checkPenalty(given);
  else checkController(given);
});
