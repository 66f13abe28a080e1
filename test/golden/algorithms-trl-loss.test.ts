import '@tensorflow/tfjs-backend-cpu';
import { beforeAll, expect } from 'vitest';
import {
  type EntropyTarget,
  endEntropyStep,
  entropyCoefficient,
  observeEntropy,
  startEntropy,
} from '../../src/algorithm/entropy-controller.ts';
import { totalTokens } from '../../src/algorithm/statistics/aggregation.ts';
import * as tf from '../../src/engine/tfjs.ts';
import { expectClose, type GoldenCase, goldenSuite, type Json, onlyKeys } from './algorithms-cases.ts';
import { type LossArrays, lossConfig, lossConfigKeys, runLoss, trlCall } from './algorithms-trl-loss.ts';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

/** The tensors of a case; tool_mask narrows the completion mask. */
function arrays({ shared, inputs }: GoldenCase): LossArrays {
  const mask = (shared.completion_mask as number[][]).map((row, b) =>
    row.map((m, t) => m * (inputs.tool_mask?.[b][t] ?? 1)),
  );
  return {
    logprobs: shared.logps,
    entropies: shared.entropies,
    oldLogprobs: inputs.old_per_token_logps,
    refLogprobs: inputs.ref_per_token_logps,
    samplingLogprobs: inputs.sampling_per_token_logps,
    importanceRatio: inputs.importance_sampling_ratio,
    advantages: inputs.advantages,
    mask,
  };
}

function checkCall(given: GoldenCase) {
  const { name, config, inputs, expected } = given;
  onlyKeys(config, [...lossConfigKeys, 'use_is_ratio', 'mode'], name);
  onlyKeys(
    inputs,
    [
      'advantages',
      'old_per_token_logps',
      'ref_per_token_logps',
      'importance_sampling_ratio',
      'sampling_per_token_logps',
      'tool_mask',
      'num_items_in_batch',
    ],
    name,
  );
  onlyKeys(expected, ['loss', 'loss_f64', 'grad_logps', 'grad_entropies', 'metrics'], name);
  expect(config.use_is_ratio, `${name}: use_is_ratio without a ratio`).toBe(
    inputs.importance_sampling_ratio !== null,
  );
  const call = trlCall(config, inputs.num_items_in_batch);
  const got = runLoss(arrays(given), lossConfig(config), { call, maxLength: config.max_completion_length });
  expectClose(got.loss, expected.loss, `${name} loss`);
  expectClose(got.loss, expected.loss_f64, `${name} loss_f64`);
  expectClose(got.gradLogprobs, expected.grad_logps, `${name} grad_logps`);
  if ('grad_entropies' in expected)
    expectClose(got.gradEntropies, expected.grad_entropies, `${name} grad_entropies`);
  const metrics: Record<string, number> = { ...got.metrics };
  if (config.entropy_coef) metrics.entropy_coef = lossConfig(config).entropyCoef!;
  expect(Object.keys(metrics).sort(), `${name} metrics`).toEqual(Object.keys(expected.metrics).sort());
  for (const [key, value] of Object.entries(expected.metrics))
    expectClose(metrics[key], value, `${name} ${key}`);
}

const adaptiveKeys = ['entropy_target', 'entropy_coef_delta', 'entropy_coef_min', 'entropy_coef_max'];
const callKeys = [
  'entropy_scale',
  'sync_gradients',
  'loss',
  'entropy_grad_sum',
  'coef_before',
  'coef_after',
  'last_world_entropy',
];

/** A sequence of calls, several micro-batches an optimiser step: see the case's own note. */
function checkAdaptive(given: GoldenCase) {
  const { name, shared, config, inputs, expected } = given;
  onlyKeys(config, [...lossConfigKeys, ...adaptiveKeys, 'mode'], name);
  onlyKeys(inputs, ['note'], name);
  onlyKeys(expected, ['calls'], name);
  const target: EntropyTarget = {
    coef: config.entropy_coef,
    target: config.entropy_target,
    delta: config.entropy_coef_delta,
    min: config.entropy_coef_min,
    max: config.entropy_coef_max,
  };
  let state = startEntropy(target);
  expected.calls.forEach((want: Record<string, Json>, i: number) => {
    const where = `${name} call ${i}`;
    onlyKeys(want, callKeys, where);
    expectClose(state.coef, want.coef_before, `${where} coefficient before`, { rtol: 1e-9 });
    const scaled = (shared.entropies as number[][]).map((row) =>
      row.map((h) => Math.fround(h * want.entropy_scale)),
    );
    const call = trlCall(config, 2 * totalTokens(shared.completion_mask));
    const got = runLoss(
      {
        logprobs: shared.logps,
        entropies: scaled,
        oldLogprobs: shared.old_per_token_logps,
        advantages: shared.advantages,
        mask: shared.completion_mask,
      },
      lossConfig(config),
      { call, maxLength: config.max_completion_length },
      { entropyCoef: entropyCoefficient(state, target) },
    );
    state = observeEntropy(state, got.metrics.entropy!, got.scalars.tokens!);
    if (want.sync_gradients) state = endEntropyStep(state, target);
    expectClose(got.loss, want.loss, `${where} loss`);
    const slope = got.gradEntropies.reduce((sum, g) => sum + g, 0);
    expectClose(slope, want.entropy_grad_sum, `${where} entropy gradient`);
    expectClose(state.coef, want.coef_after, `${where} coefficient after`, { rtol: 1e-9 });
    expectClose(state.lastEntropy ?? Number.POSITIVE_INFINITY, want.last_world_entropy, `${where} entropy`);
  });
}

goldenSuite('trl_grpo_loss', (given) => {
  if ('entropy_target' in given.config) checkAdaptive(given);
  else checkCall(given);
});
