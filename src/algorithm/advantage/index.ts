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
import type { AdvantageEstimator } from './types.ts';

/** Every advantage estimator by the name that a recipe uses. */
export const advantageEstimators: Readonly<Record<string, AdvantageEstimator>> = {
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
};

/** @throws InputError when no estimator has that name. */
export function estimatorNamed(name: string): AdvantageEstimator {
  const estimator = advantageEstimators[name];
  if (estimator === undefined) {
    throw new InputError(
      `unknown advantage estimator "${name}": choose one of ${Object.keys(advantageEstimators).join(', ')}`,
    );
  }
  return estimator;
}
