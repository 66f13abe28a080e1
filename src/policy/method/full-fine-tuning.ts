import type { HostTensor, Named } from '../../engine/engine.ts';
import { baseLinear } from '../../model/decoder.ts';
import { heldWeights } from '../../model/weights/read-weight.ts';
import { stateOf, type Trainable, tensorsOf } from './trainable.ts';

/** Full fine-tuning: every weight of the model trains, embeddings and norms too. */
export function fullFineTuning(base: Named<HostTensor>): Trainable {
  const initial = stateOf(base);
  return {
    initial,
    linear: baseLinear,
    weights: (trained) => ({ base: tensorsOf(initial, trained), adapter: {} }),
    // Updates make new arrays, so the arrays of step 0 are the frozen copy.
    reference: () => ({ base, adapter: {} }),
    merged: (trained) => heldWeights(tensorsOf(initial, trained)),
  };
}
