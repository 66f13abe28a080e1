import type { HostTensor, Named } from '../../engine/engine.ts';
import { baseLinear } from '../../model/decoder.ts';
import type { ModelWeights } from '../../model/model-programs.ts';
import { heldWeights } from '../../model/weights/read-weight.ts';
import { shapesOf, stateOf, type Trainable, tensorsOf } from './trainable.ts';

/**
 * Full fine-tuning: every weight of the model trains, embeddings and norms too. `keepsReference` holds the weights of
 * step 0 for a KL term. Without it nothing here holds them, so the first update frees them.
 */
export function fullFineTuning(
  base: Named<HostTensor>,
  { keepsReference }: { readonly keepsReference: boolean },
): Trainable {
  const shapes = shapesOf(base);
  return {
    initial: stateOf(base),
    linear: baseLinear,
    weights: (trained) => ({ base: tensorsOf(shapes, trained), adapter: {} }),
    merged: (trained) => heldWeights(tensorsOf(shapes, trained)),
    ...(keepsReference && { reference: frozen(base) }),
  };
}

/**
 * Updates make new arrays, so the arrays of step 0 are the frozen copy. This is a function of its own because closures
 * of one function hold each other's variables.
 */
const frozen = (base: Named<HostTensor>) => (): ModelWeights => ({ base, adapter: {} });
