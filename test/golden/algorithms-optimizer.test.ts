import { expect } from 'vitest';
import type { z } from 'zod';
import { adamW, type Moments } from '../../src/algorithm/optimizer/adamw.ts';
import { clipGradNorm } from '../../src/algorithm/optimizer/clip.ts';
import { learningRate } from '../../src/algorithm/optimizer/learning-rate.ts';
import { optimizer } from '../../src/algorithm/optimizer/optimizer-settings.ts';
import {
  expectClose,
  flat,
  type GoldenCase,
  goldenSuite,
  type Json,
  num,
  onlyKeys,
} from './algorithms-cases.ts';

/** Tensors listed by position become tensors named by position. */
const named = (tensors: Json[]) =>
  Object.fromEntries(tensors.map((tensor, i) => [String(i), Float32Array.from(flat(tensor))]));
/** Recorded numbers as the float32 that they were. */
const float32s = (tensors: Json[]) => tensors.map((tensor) => flat(tensor).map(Math.fround));
const float32 = (moments: Moments) => moments as Record<string, Float32Array>;
const values = (tensors: Record<string, Float32Array>) =>
  Object.keys(tensors)
    .sort((a, b) => Number(a) - Number(b))
    .map((name) => Array.from(tensors[name]!));

const scheduleKeys = ['type', 'lr', 'num_warmup_steps', 'num_training_steps', 'scheduler_specific_kwargs'];

/** transformers' names for the options of a schedule, in ours. */
const ourNames: Readonly<Record<string, string>> = {
  num_cycles: 'cycles',
  min_lr_rate: 'minLrRatio',
  min_lr_ratio: 'minLrRatio',
  num_decay_steps: 'decaySteps',
  num_stable_steps: 'stableSteps',
  warmup_type: 'warmupType',
  decay_type: 'decayType',
  lr_end: 'endLr',
  power: 'power',
  timescale: 'timescale',
};

/** The recorded schedule as a recipe gives it, from which the rate of each step comes. */
function rateOf(config: Readonly<Record<string, Json>>, lr: number): (step: number) => number {
  onlyKeys(config, scheduleKeys, 'schedule');
  const extra = config.scheduler_specific_kwargs ?? {};
  onlyKeys(extra, Object.keys(ourNames), 'scheduler_specific_kwargs');
  const settings = optimizer.parse({
    lr,
    lrSchedule: config.type,
    ...(config.num_warmup_steps && { warmupSteps: config.num_warmup_steps }),
    ...Object.fromEntries(Object.entries(extra).map(([name, value]) => [ourNames[name], value])),
  } as z.input<typeof optimizer>);
  return (step) => learningRate(settings, { step, steps: config.num_training_steps ?? 0 });
}

goldenSuite('hf_schedules', ({ name, config, inputs, expected }) => {
  onlyKeys(inputs, [], name);
  onlyKeys(expected, ['lr_used_at_optimizer_step', 'lr_after_last'], name);
  const rate = rateOf(config, config.lr);
  const used: number[] = expected.lr_used_at_optimizer_step;
  expectClose(
    used.map((_, step) => rate(step)),
    used,
    name,
    { rtol: 1e-9, atol: 1e-18 },
  );
  expectClose(rate(used.length), expected.lr_after_last, name, { rtol: 1e-9, atol: 1e-18 });
});

function checkAdamW({ name, config, inputs, expected }: GoldenCase) {
  onlyKeys(config, ['optimizer', 'lr', 'betas', 'eps', 'weight_decay', 'max_grad_norm', 'schedule'], name);
  onlyKeys(inputs, ['params', 'grads'], name);
  onlyKeys(expected, ['steps'], name);
  expect(config.optimizer).toBe('AdamW');
  const adam = adamW({ betas: config.betas, eps: config.eps, weightDecay: config.weight_decay });
  let params: Record<string, Float32Array> = named(inputs.params);
  let state = adam.init(params);
  expected.steps.forEach((want: Record<string, Json>, i: number) => {
    const where = `${name} step ${i + 1}`;
    onlyKeys(
      want,
      ['step', 'lr', 'params', 'exp_avg', 'exp_avg_sq', 'total_norm_before_clip', 'clipped_grads'],
      where,
    );
    const grads = named(inputs.grads[i]);
    if (config.max_grad_norm !== null) {
      const { norm } = clipGradNorm(grads, config.max_grad_norm);
      expectClose(norm, want.total_norm_before_clip, `${where} norm`);
      if ('clipped_grads' in want)
        expectClose(values(grads), want.clipped_grads, `${where} clipped gradients`);
    }
    const lr = config.schedule === null ? config.lr : rateOf(config.schedule, config.lr)(i);
    expectClose(lr, want.lr, `${where} lr`, { rtol: 1e-9, atol: 0 });
    const before = params;
    ({ params, state } = adam.update(grads, state, params, lr));
    expect(params['0']).not.toBe(before['0']);
    expect(state.step).toBe(want.step);
    // torch sums the norm that it clips by in another order; without a clip every bit is the same.
    const near = config.max_grad_norm === null ? { rtol: 0, atol: 0 } : { rtol: 1e-6, atol: 1e-7 };
    expectClose(values(params), float32s(want.params), `${where} parameters`, near);
    expectClose(values(float32(state.expAvg)), float32s(want.exp_avg), `${where} first moment`, near);
    expectClose(values(float32(state.expAvgSq)), float32s(want.exp_avg_sq), `${where} second moment`, near);
  });
}

function checkClip({ name, config, inputs, expected }: GoldenCase) {
  onlyKeys(config, ['function', 'max_norm', 'norm_type'], name);
  onlyKeys(inputs, ['grads'], name);
  onlyKeys(expected, ['total_norm', 'grads'], name);
  const grads = named(inputs.grads);
  const { norm } = clipGradNorm(grads, config.max_norm, num(config.norm_type));
  expectClose(norm, expected.total_norm, `${name} norm`);
  expectClose(values(grads), expected.grads, `${name} gradients`);
}

goldenSuite('torch_optim', (given) => {
  if ('optimizer' in given.config) checkAdamW(given);
  else if (given.config.function === 'clip_grad_norm_') checkClip(given);
  else throw new Error(`${given.name}: neither an optimizer nor clip_grad_norm_`);
});
