import { EngineError } from '../errors.ts';
import * as tf from './tfjs.ts';

/**
 * tfjs has one current backend for the whole process, and switching it is asynchronous. Everything that switches it
 * takes its turn here, so engines of different backends can run at the same time.
 */
let lastTurn: Promise<unknown> = Promise.resolve();

/** Runs `body` after every earlier turn has ended, failed ones too. A body must not wait for another turn: it would never come. */
export function takeTurn<T>(body: () => T | Promise<T>): Promise<T> {
  const turn = lastTurn.then(body);
  lastTurn = turn.catch(() => undefined);
  return turn;
}

/**
 * Runs `body` in a turn of its own with `backend` as tfjs's current backend, up to the end of the promise it returns.
 * @throws EngineError when the backend is registered but does not start.
 */
export function withBackend<T>(backend: string, body: () => T | Promise<T>): Promise<T> {
  return takeTurn(async () => {
    if (tf.getBackend() !== backend && !(await tf.setBackend(backend))) {
      throw new EngineError(`tfjs backend "${backend}" did not start: its warnings above say why`);
    }
    return body();
  });
}
