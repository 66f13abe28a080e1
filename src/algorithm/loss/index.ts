import { InputError } from '../../errors.ts';
import { bnpo } from './bnpo.ts';
import { cispo } from './cispo.ts';
import { clipCov } from './clip-cov.ts';
import { dapo } from './dapo.ts';
import { drGrpo } from './dr-grpo.ts';
import { geoMean } from './geo-mean.ts';
import { gpg } from './gpg.ts';
import { grpo } from './grpo.ts';
import { gspo } from './gspo.ts';
import { klCov } from './kl-cov.ts';
import { luspo } from './luspo.ts';
import { ppo } from './ppo.ts';
import { reinforce } from './reinforce.ts';
import { rloo } from './rloo.ts';
import { sapo } from './sapo.ts';
import type { LossConfig, LossDefinition } from './types.ts';
import { verlCispo } from './verl-cispo.ts';
import { verlGspo } from './verl-gspo.ts';
import { verlSapo } from './verl-sapo.ts';
import { verlDapo, verlDrGrpo, verlGrpo, verlPpo } from './verl-vanilla.ts';
import { vespo } from './vespo.ts';

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
