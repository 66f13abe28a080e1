import { InputError } from '../../errors.ts';
import { gae } from './gae.ts';
import { gpg } from './gpg.ts';
import { grpo } from './grpo.ts';
import { grpoNormalizeThenSum } from './grpo-normalize-then-sum.ts';
import { grpoPassK } from './grpo-passk.ts';
import { grpoVectorized } from './grpo-vectorized.ts';
import { opo } from './opo.ts';
import { reinforce } from './reinforce.ts';
import { reinforcePlusPlus } from './reinforce-plus-plus.ts';
import { reinforcePlusPlusBaseline } from './reinforce-plus-plus-baseline.ts';
import { remax } from './remax.ts';
import { rloo, rlooRawSingleton } from './rloo.ts';
import type { AdvantageEstimator, AdvantageOptions } from './types.ts';

/** Every advantage estimator by the name that a recipe uses. */
export const advantageEstimators = {
  grpo,
  grpo_vectorized: grpoVectorized,
  grpo_passk: grpoPassK,
  normalize_then_sum: grpoNormalizeThenSum,
  rloo: rlooRawSingleton,
  rloo_vectorized: rloo,
  reinforce,
  reinforce_plus_plus: reinforcePlusPlus,
  reinforce_plus_plus_baseline: reinforcePlusPlusBaseline,
  remax,
  opo,
  gpg,
  gae,
} satisfies Readonly<Record<string, AdvantageEstimator>>;
export type EstimatorName = keyof typeof advantageEstimators;

/** Which of the settings each estimator reads; those left out read none. */
export const estimatorOptions: Readonly<Partial<Record<EstimatorName, readonly (keyof AdvantageOptions)[]>>> =
  {
    grpo: ['scaleRewards', 'eps'],
    grpo_vectorized: ['scaleRewards', 'eps'],
    grpo_passk: ['scaleRewards', 'eps'],
    reinforce_plus_plus: ['gamma'],
    gpg: ['norm'],
    gae: ['gamma', 'lambda'],
  };

/** @throws InputError when no estimator has that name. */
export function estimatorNamed(name: string): AdvantageEstimator {
  const known: Readonly<Record<string, AdvantageEstimator>> = advantageEstimators;
  const estimator = Object.hasOwn(known, name) ? known[name] : undefined;
  if (estimator === undefined) {
    throw new InputError(
      `unknown advantage estimator "${name}": choose one of ${Object.keys(advantageEstimators).join(', ')}`,
    );
  }
  return estimator;
}
