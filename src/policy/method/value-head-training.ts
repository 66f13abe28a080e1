import { initialiseValueHead } from '../../model/value-head.ts';
import { type Shapes, shapesOf, stateOf, type Trainable, tensorsOf } from './trainable.ts';

/** A method that also trains a value head of width D. Merging and saving leave the head out. */
export function withValueHead(method: Trainable, width: number): Trainable {
  const head = stateOf(initialiseValueHead(width));
  return {
    ...method,
    initial: { ...method.initial, ...head },
    weights: withHead(method.weights, shapesOf(head)),
  };
}

const withHead =
  (weights: Trainable['weights'], head: Shapes): Trainable['weights'] =>
  (trained, betas) => ({ ...weights(trained, betas), valueHead: tensorsOf(head, trained) });
