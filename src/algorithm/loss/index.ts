import { InputError } from '../../errors.ts';
import { bnpo } from './definitions/bnpo.ts';
import { cispo } from './definitions/cispo.ts';
import { clipCov } from './definitions/clip-cov.ts';
import { dapo } from './definitions/dapo.ts';
import { drGrpo } from './definitions/dr-grpo.ts';
import { geoMean } from './definitions/geo-mean.ts';
import { gpg } from './definitions/gpg.ts';
import { grpo } from './definitions/grpo.ts';
import { gspo } from './definitions/gspo.ts';
import { klCov } from './definitions/kl-cov.ts';
import { luspo } from './definitions/luspo.ts';
import { ppo } from './definitions/ppo.ts';
import { reinforce } from './definitions/reinforce.ts';
import { rloo } from './definitions/rloo.ts';
import { sapo } from './definitions/sapo.ts';
import { verlCispo } from './definitions/verl-cispo.ts';
import { verlGspo } from './definitions/verl-gspo.ts';
import { verlSapo } from './definitions/verl-sapo.ts';
import { verlDapo, verlDrGrpo, verlGrpo, verlPpo } from './definitions/verl-vanilla.ts';
import { vespo } from './definitions/vespo.ts';
import type { LossConfig, LossDefinition } from './terms/types.ts';

/** Every policy loss by the name that a recipe uses. */
export const losses = {
  grpo,
  dapo,
  dr_grpo: drGrpo,
  bnpo,
  luspo,
  cispo,
  sapo,
  vespo,
  gspo,
  ppo,
  reinforce,
  rloo,
  gpg,
  geo_mean: geoMean,
  clip_cov: clipCov,
  kl_cov: klCov,
} satisfies Readonly<Record<string, LossDefinition>>;
export type LossName = keyof typeof losses;

/** Losses that verl defines otherwise under the same name (compat: 'verl'). */
export const verlLosses: Readonly<Partial<Record<LossName, LossDefinition>>> = {
  ppo: verlPpo,
  grpo: verlGrpo,
  dapo: verlDapo,
  dr_grpo: verlDrGrpo,
  cispo: verlCispo,
  gspo: verlGspo,
  sapo: verlSapo,
};

/** The configured loss. @throws InputError when none has that name. */
export function lossNamed({ name, compat }: Pick<LossConfig, 'name' | 'compat'>): LossDefinition {
  const known: Readonly<Record<string, LossDefinition>> =
    compat === 'verl' ? { ...losses, ...verlLosses } : losses;
  const loss = Object.hasOwn(known, name) ? known[name] : undefined;
  if (loss === undefined) {
    throw new InputError(`unknown loss "${name}": choose one of ${Object.keys(losses).join(', ')}`);
  }
  return loss;
}
