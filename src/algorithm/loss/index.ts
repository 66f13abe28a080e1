import { InputError } from '../../errors.ts';
import type { GivenOptionsOf, OptionsOf } from '../../options/options-of.ts';
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
import { verlCispo } from './definitions/verl/cispo.ts';
import { verlGspo } from './definitions/verl/gspo.ts';
import { verlSapo } from './definitions/verl/sapo.ts';
import { verlDapo, verlDrGrpo, verlGrpo, verlPpo } from './definitions/verl/vanilla.ts';
import { vespo } from './definitions/vespo.ts';
import type { LossTerms } from './loss-terms.ts';
import type { LossDefinition } from './terms/types.ts';

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

/** The losses that verl has (compat: 'verl'): most with a definition of its own under the same name. */
export const verlLosses = {
  ppo: verlPpo,
  grpo: verlGrpo,
  dapo: verlDapo,
  dr_grpo: verlDrGrpo,
  cispo: verlCispo,
  gspo: verlGspo,
  sapo: verlSapo,
  gpg,
  geo_mean: geoMean,
  clip_cov: clipCov,
  kl_cov: klCov,
} satisfies Readonly<Partial<Record<LossName, LossDefinition>>>;

/** Whose conventions to follow where TRL and verl differ. */
export type Compat = 'trl' | 'verl';

type OwnOptions<D> = D extends LossDefinition<infer O> ? OptionsOf<O> : never;
type GivenOptions<D> = D extends LossDefinition<infer O> ? GivenOptionsOf<O> : never;

/** A loss's name with its own options, parsed: a union to discriminate by `compat` and `name`. */
export type NamedLoss =
  | {
      [N in LossName]: { readonly name: N; readonly compat: 'trl' } & OwnOptions<(typeof losses)[N]>;
    }[LossName]
  | {
      [N in keyof typeof verlLosses]: { readonly name: N; readonly compat: 'verl' } & OwnOptions<
        (typeof verlLosses)[N]
      >;
    }[keyof typeof verlLosses];

/** The same as a recipe gives it: grpo without a name, and with a name that only the program knows no options. */
export type GivenLoss =
  | { name?: LossName | undefined; compat?: Compat | undefined }
  | ({ name?: 'grpo' | undefined; compat?: 'trl' | undefined } & GivenOptions<typeof grpo>)
  | ({ name?: 'grpo' | undefined; compat: 'verl' } & GivenOptions<typeof verlGrpo>)
  | {
      [N in LossName]: { name: N; compat?: 'trl' | undefined } & GivenOptions<(typeof losses)[N]>;
    }[LossName]
  | {
      [N in keyof typeof verlLosses]: { name: N; compat: 'verl' } & GivenOptions<(typeof verlLosses)[N]>;
    }[keyof typeof verlLosses];

/** The settings of a policy loss: its own options, and those of the terms beside it. */
export type LossConfig = NamedLoss & LossTerms;

/** The loss of that name by those conventions. @throws InputError when there is none. */
export function lossNamed({
  name,
  compat,
}: {
  readonly name: string;
  readonly compat?: Compat;
}): LossDefinition {
  const known: Readonly<Record<string, LossDefinition>> = compat === 'verl' ? verlLosses : losses;
  const loss = Object.hasOwn(known, name) ? known[name] : undefined;
  if (loss === undefined) {
    throw new InputError(`unknown loss "${name}": choose one of ${Object.keys(known).join(', ')}`);
  }
  return loss;
}
