import * as tf from '../../engine/tfjs.ts';
import type { LossConfig } from './index.ts';
import { policyLoss } from './policy-loss.ts';
import type { LossInputs, LossResult } from './terms/types.ts';
import { type ValueInputs, valueLoss } from './value-loss.ts';

/**
 * PPO's joint loss of one micro-batch, policy + valueCoef · value (hyper valueCoef of the value inputs), with TRL's
 * metric names loss/policy_avg and loss/value_avg.
 */
export function ppoLoss(policy: LossInputs, value: ValueInputs, config: LossConfig): LossResult {
  const actor = policyLoss(policy, config);
  const critic = valueLoss(value);
  return {
    loss: tf.add(actor.loss, tf.mul(value.hyper.valueCoef!, critic.loss)),
    metrics: {
      ...actor.metrics,
      ...critic.metrics,
      'loss/policy_avg': actor.loss,
      'loss/value_avg': critic.loss,
    },
  };
}
