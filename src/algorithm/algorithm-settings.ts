import { estimatorNamed } from './advantage/index.ts';
import type { Algorithm } from './algorithm-schema.ts';

export { type Algorithm, algorithm } from './algorithm-schema.ts';

/** How a value function is trained and used. */
export interface ValueSettings {
  readonly coef: number;
  readonly clip: number;
  readonly detach: boolean;
  readonly scorePlacement: 'last-token' | 'past-last';
  readonly whitenRewards: boolean;
}

/** The value function's settings; undefined for an algorithm without one. */
export function valueSettings(algorithm: Algorithm): ValueSettings | undefined {
  if (!('valueCoef' in algorithm)) return undefined;
  const { valueCoef, valueClip, detachValueHead, scorePlacement, whitenRewards } = algorithm;
  return { coef: valueCoef, clip: valueClip, detach: detachValueHead, scorePlacement, whitenRewards };
}

/** Whether an algorithm needs several completions of each prompt. */
export function comparesGroups({
  advantage,
  compat,
  rewardAggregation,
  dynamicSampling,
}: Algorithm): boolean {
  const { estimator } = advantage;
  return dynamicSampling !== undefined || !estimatorNamed({ estimator, compat, rewardAggregation }).alone;
}

/** Optimiser steps taken on each rollout batch. */
export function stepsPerBatch({
  numIterations,
  stepsPerGeneration,
}: Pick<Algorithm, 'numIterations' | 'stepsPerGeneration'>): number {
  return numIterations * stepsPerGeneration;
}
