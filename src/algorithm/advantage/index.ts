import type { z } from 'zod';
import { InputError } from '../../errors.ts';
import type { OptionsOf } from '../../options/options-of.ts';
import { gae, verlGae } from './gae.ts';
import { gpg } from './gpg.ts';
import { grpo, verlGrpo } from './grpo.ts';
import { grpoNormalizeThenSum } from './grpo-normalize-then-sum.ts';
import { grpoPassK } from './grpo-passk.ts';
import { grpoVectorized } from './grpo-vectorized.ts';
import { opo } from './opo.ts';
import { reinforce } from './reinforce.ts';
import { reinforcePlusPlus, verlReinforcePlusPlus } from './reinforce-plus-plus.ts';
import { reinforcePlusPlusBaseline } from './reinforce-plus-plus-baseline.ts';
import { remax } from './remax.ts';
import { rloo, rlooVectorized } from './rloo.ts';
import type { AdvantageBatch, AdvantageEstimator, Advantages } from './types.ts';

/** Every advantage estimator by the name that a recipe uses. */
export const estimators = {
  grpo,
  grpo_vectorized: grpoVectorized,
  grpo_passk: grpoPassK,
  rloo,
  rloo_vectorized: rlooVectorized,
  reinforce,
  reinforce_plus_plus: reinforcePlusPlus,
  reinforce_plus_plus_baseline: reinforcePlusPlusBaseline,
  remax,
  opo,
  gpg,
  gae,
} satisfies Readonly<Record<string, AdvantageEstimator>>;
export type EstimatorName = keyof typeof estimators;

/** Those that verl defines otherwise under the same name (compat: 'verl'). */
const verlEstimators: Readonly<Partial<Record<EstimatorName, AdvantageEstimator>>> = {
  grpo: verlGrpo,
  reinforce_plus_plus: verlReinforcePlusPlus,
  gae: verlGae,
};

type OwnOptions<E> = E extends AdvantageEstimator<infer O, z.ZodRawShape> ? OptionsOf<O> : never;
type Beside<E> = E extends AdvantageEstimator<z.ZodRawShape, infer B> ? OptionsOf<B> : never;

/** How rewards become advantages: an estimator's name with its own options, parsed. */
export type NamedEstimator = {
  [N in EstimatorName]: {
    readonly advantage: { readonly estimator: N } & OwnOptions<(typeof estimators)[N]>;
  } & Beside<(typeof estimators)[N]>;
}[EstimatorName];

/** What chooses an estimator. */
export interface EstimatorChoice {
  readonly estimator: string;
  readonly compat?: 'trl' | 'verl' | undefined;
  readonly rewardAggregation?: 'sum' | 'normalise-then-sum' | undefined;
}

/** The estimator of that name by those conventions. @throws InputError when there is none. */
export function estimatorNamed({
  estimator: name,
  compat,
  rewardAggregation,
}: EstimatorChoice): AdvantageEstimator {
  if (rewardAggregation === 'normalise-then-sum') return grpoNormalizeThenSum;
  const known: Readonly<Record<string, AdvantageEstimator>> =
    compat === 'verl' ? { ...estimators, ...verlEstimators } : estimators;
  const estimator = Object.hasOwn(known, name) ? known[name] : undefined;
  if (estimator === undefined) {
    throw new InputError(
      `unknown advantage estimator "${name}": choose one of ${Object.keys(estimators).join(', ')}`,
    );
  }
  return estimator;
}

/** The advantages of a batch by the estimator that an algorithm names, with its options. */
export function estimateAdvantages(
  batch: AdvantageBatch,
  algorithm: Pick<NamedEstimator, 'advantage'> & Omit<EstimatorChoice, 'estimator'>,
): Advantages {
  const { advantage, ...beside } = algorithm;
  return estimatorNamed({ ...beside, estimator: advantage.estimator }).estimate(batch, {
    ...beside,
    ...advantage,
  });
}
