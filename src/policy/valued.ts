import { initialiseValueHead } from '../model/value-head.ts';
import { stateOf, type Trainable, tensorsOf } from './trainable.ts';

/** A method that trains a value head of width D beside its own tensors. What it merges and saves is its own alone. */
export function withValueHead(method: Trainable, width: number): Trainable {
  const head = stateOf(initialiseValueHead(width));
  return {
    ...method,
    initial: { ...method.initial, ...head },
    weights: (trained, betas) => ({
      ...method.weights(trained, betas),
      valueHead: tensorsOf(head, trained),
    }),
  };
}
