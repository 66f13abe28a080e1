import type { z } from 'zod';
import { algorithmFields, type GivenAlgorithm } from './algorithm-fields.ts';
import { algorithmIssues, withDefaults } from './algorithm-options.ts';

export type { GivenAlgorithm };

/** Which loss, with which options. An option that the algorithm does not read is refused. */
export const algorithm = algorithmFields
  .superRefine((given, context) => {
    for (const { path, message, input } of algorithmIssues(given)) {
      context.addIssue({ code: 'custom', path: [...path], message, input });
    }
  })
  .transform(withDefaults);

/** An algorithm with the defaults of its loss, estimator and compat filled in. */
export type Algorithm = z.output<typeof algorithm>;

/** How a value function is trained and used. */
export interface ValueSettings {
  readonly coef: number;
  readonly clip: number;
  readonly detach: boolean;
  readonly scorePlacement: 'last-token' | 'past-last';
  readonly whitenRewards: boolean;
}

/** The value function's settings, of an algorithm with its defaults filled in; undefined for one without. */
export function valueSettings(algorithm: GivenAlgorithm): ValueSettings | undefined {
  if (algorithm.advantage.estimator !== 'gae') return undefined;
  const { valueCoef, valueClip, detachValueHead, scorePlacement, whitenRewards } = algorithm as {
    readonly [name in keyof GivenAlgorithm]-?: NonNullable<GivenAlgorithm[name]>;
  };
  return { coef: valueCoef, clip: valueClip, detach: detachValueHead, scorePlacement, whitenRewards };
}

/** Estimators for which a prompt may have a single completion. */
const ALONE: readonly string[] = ['gae', 'reinforce', 'reinforce_plus_plus', 'remax'];

/** Whether an algorithm needs several completions of each prompt. */
export function comparesGroups({ advantage, dynamicSampling }: GivenAlgorithm): boolean {
  return dynamicSampling !== undefined || !ALONE.includes(advantage.estimator ?? '');
}

/** Optimiser steps taken on each rollout batch. */
export function stepsPerBatch({
  numIterations,
  stepsPerGeneration,
}: Pick<GivenAlgorithm, 'numIterations' | 'stepsPerGeneration'>): number {
  return numIterations * stepsPerGeneration;
}
