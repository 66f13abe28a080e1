import pLimit from 'p-limit';
import { replyOf } from '../../environment/ask-environment.ts';
import { continued } from '../../environment/scoring/continued.ts';
import type { Environment, Message, Rollout } from '../../types.ts';
import { hasEnded } from '../has-ended.ts';

export interface AskOptions {
  /** Seconds that the environment may take for an answer. */
  readonly stepTimeout: number;
  /** Answers that the environment works on at a time. With 1 it is asked in the order of the episodes. */
  readonly parallelSteps: number;
  /** Aborting it ends the wait, with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * What the environment answers to the last turn of each episode, in the order of the episodes; undefined where it says
 * nothing, or the turn hit its limit. After a failure it is asked nothing more.
 * @throws RunError as `replyOf` does: of the first episode in their order that failed, whichever was quicker.
 */
export async function askEpisodes(
  environment: Environment,
  rollouts: readonly Rollout[],
  { parallelSteps, stepTimeout, signal }: AskOptions,
): Promise<readonly (readonly Message[] | undefined)[]> {
  const limit = pLimit(parallelSteps);
  let failed = false;
  const ask = async (rollout: Rollout) => {
    if (failed || signal?.aborted || !hasEnded(rollout)) return undefined;
    try {
      const { task, messages, turns } = rollout;
      return await replyOf(environment, { task, messages: continued(messages, turns!) }, stepTimeout);
    } catch (error) {
      failed = true;
      throw error;
    }
  };
  const settled = await unlessAborted(signal, Promise.allSettled(rollouts.map((r) => limit(ask, r))));
  return settled.map((each) => {
    if (each.status === 'rejected') throw each.reason;
    return each.value;
  });
}

/** Waits for a promise, but no longer than until the signal aborts. @throws the signal's reason. */
async function unlessAborted<T>(signal: AbortSignal | undefined, promise: Promise<T>): Promise<T> {
  if (signal === undefined) return promise;
  signal.throwIfAborted();
  let forget = () => {};
  const aborted = new Promise<never>((_, reject) => {
    const onAbort = () => reject(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    forget = () => signal.removeEventListener('abort', onAbort);
  });
  return Promise.race([promise, aborted]).finally(forget);
}
