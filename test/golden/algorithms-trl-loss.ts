import { hyperParameters } from '../../src/algorithm/loss/hyper-parameters.ts';
import type { LossConfig } from '../../src/algorithm/loss/index.ts';
import { policyLoss } from '../../src/algorithm/loss/policy-loss.ts';
import { combineMetrics } from '../../src/algorithm/loss/terms/metrics.ts';
import * as tf from '../../src/engine/tfjs.ts';
import { lossConfig as ourConfig } from '../algorithm/loss-config.ts';
import type { Json } from './algorithms-cases.ts';
import { differentiate, scalarsOf, tensorOf } from './algorithms-gradient.ts';
import { type TrlCall, trlConstants } from './trl-call.ts';

/** TRL's names for the settings of a loss, in ours. */
export function lossConfig(config: Readonly<Record<string, Json>>): LossConfig {
  const optional = (value: Json) => value ?? undefined;
  return ourConfig({
    name: config.loss_type,
    clipEpsilon: config.epsilon_low,
    ...(config.loss_type === 'cispo'
      ? { ratioMax: config.epsilon_high }
      : { clipEpsilonHigh: config.epsilon_high }),
    klCoef: config.beta ?? 0,
    klBiasCorrection: config.use_bias_correction_kl ?? true,
    importanceLevel: config.importance_sampling_level,
    delta: optional(config.delta),
    entropyCoef: optional(config.entropy_coef),
    topEntropyQuantile: optional(config.top_entropy_quantile),
    offPolicyThreshold: optional(config.off_policy_mask_threshold),
    sapoTemperaturePositive: optional(config.sapo_temperature_pos),
    sapoTemperatureNegative: optional(config.sapo_temperature_neg),
    vespoPositive: optional(config.vespo_k_pos) && { k: config.vespo_k_pos, lambda: config.vespo_lambda_pos },
    vespoNegative: optional(config.vespo_k_neg) && { k: config.vespo_k_neg, lambda: config.vespo_lambda_neg },
  });
}

export const lossConfigKeys = [
  'loss_type',
  'importance_sampling_level',
  'epsilon_low',
  'epsilon_high',
  'delta',
  'beta',
  'use_bias_correction_kl',
  'top_entropy_quantile',
  'entropy_coef',
  'off_policy_mask_threshold',
  'max_completion_length',
  'gradient_accumulation_steps',
  'steps_per_generation',
  'num_processes',
  'sapo_temperature_neg',
  'sapo_temperature_pos',
  'vespo_k_pos',
  'vespo_lambda_pos',
  'vespo_k_neg',
  'vespo_lambda_neg',
];

export function trlCall(config: Readonly<Record<string, Json>>, items: number): TrlCall {
  return {
    mode: config.mode ?? 'train',
    gradientAccumulationSteps: config.gradient_accumulation_steps ?? 1,
    stepsPerGeneration: config.steps_per_generation ?? 1,
    numItemsInBatch: items,
    numProcesses: config.num_processes ?? 1,
  };
}

/** The arrays of one call, [B][T] unless said otherwise. */
export interface LossArrays {
  readonly logprobs: Json;
  readonly entropies: Json;
  readonly oldLogprobs?: Json;
  readonly refLogprobs?: Json;
  readonly samplingLogprobs?: Json;
  readonly importanceRatio?: Json;
  readonly advantages: Json;
  readonly mask: number[][];
}

export interface LossOutcome {
  readonly loss: number;
  readonly gradLogprobs: Float32Array;
  readonly gradEntropies: Float32Array;
  readonly metrics: Record<string, number>;
  readonly scalars: Readonly<Record<string, number>>;
}

/** One call of our loss with gradients, on whichever tfjs backend is set; `override` replaces hyper-parameters. */
export function runLoss(
  arrays: LossArrays,
  config: LossConfig,
  batch: { readonly call: TrlCall; readonly maxLength: number },
  override: Record<string, number> = {},
): LossOutcome {
  const { entropies, mask } = arrays;
  const constants = trlConstants(
    { mask, entropies, maxCompletionLength: batch.maxLength },
    config,
    batch.call,
  );
  const tensor = (rows: Json) => (rows == null ? undefined : tensorOf(rows));
  const got = differentiate(
    (logprobs, entropies) => {
      const result = policyLoss(
        {
          logprobs,
          entropies,
          oldLogprobs: tensor(arrays.oldLogprobs),
          refLogprobs: tensor(arrays.refLogprobs),
          samplingLogprobs: tensor(arrays.samplingLogprobs),
          importanceRatio: tensor(arrays.importanceRatio),
          advantages: tensorOf(arrays.advantages),
          mask: tensorOf(mask),
          lossWeights: tensorOf(constants.lossWeights),
          hyper: scalarsOf({ ...hyperParameters(config), ...constants.scalars, ...override }),
        },
        config,
      );
      // Differentiation refuses inputs that do not reach the value; 0 · entropies adds nothing but the path.
      return { ...result, loss: tf.add(result.loss, tf.mul(tf.scalar(0), tf.sum(entropies))) };
    },
    [arrays.logprobs, entropies],
  );
  const metrics = Object.fromEntries(Object.entries(got.metrics).map(([name, [value]]) => [name, value!]));
  return {
    loss: got.loss,
    gradLogprobs: got.grads[0] as Float32Array,
    gradEntropies: got.grads[1] as Float32Array,
    metrics: combineMetrics([metrics]),
    scalars: constants.scalars,
  };
}
