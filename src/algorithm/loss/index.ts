import { InputError } from '../../errors.ts';
import { bnpo } from './bnpo.ts';
import { cispo } from './cispo.ts';
import { dapo } from './dapo.ts';
import { drGrpo } from './dr-grpo.ts';
import { grpo } from './grpo.ts';
import { luspo } from './luspo.ts';
import { sapo } from './sapo.ts';
import type { LossDefinition } from './types.ts';
import { vespo } from './vespo.ts';

/** Every policy loss by the name that a recipe uses. */
export const losses: Readonly<Record<string, LossDefinition>> = {
  grpo,
  dapo,
  dr_grpo: drGrpo,
  bnpo,
  luspo,
  cispo,
  sapo,
  vespo,
};

/** @throws InputError when no loss has that name. */
export function lossNamed(name: string): LossDefinition {
  const loss = losses[name];
  if (loss === undefined) {
    throw new InputError(`unknown loss "${name}": choose one of ${Object.keys(losses).join(', ')}`);
  }
  return loss;
}
