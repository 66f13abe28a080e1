import { EngineError } from '../errors.ts';
import * as tf from './tfjs.ts';

/**
 * tfjs has one current backend in a process, and switching it is asynchronous. All code that switches it takes turns
 * here, so that engines with different backends can be open at the same time.
 */
let lastTurn: Promise<unknown> = Promise.resolve();

/**
 * Runs `body` after every earlier turn has ended, even if one failed. `body` must not wait for another turn: that would
 * be a deadlock.
 */
export function takeTurn<T>(body: () => T | Promise<T>): Promise<T> {
  const turn = lastTurn.then(body);
  lastTurn = turn.catch(() => undefined);
  return turn;
}

/**
 * Runs `body` in its own turn, with `backend` as tfjs's current backend. The turn ends when the promise of `body` does.
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
