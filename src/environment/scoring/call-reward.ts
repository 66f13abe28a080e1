import { RunError } from '../../errors.ts';
import type { RewardBatch, RewardFunction } from '../../types.ts';
import { FairTimer } from '../user-code/fair-timer.ts';
import { withStrays } from '../user-code/stray-errors.ts';
import { whatFailed } from '../user-code/what-failed.ts';
import { checkScores } from './check-scores.ts';

/** A reward function with the name that its metrics and errors carry. */
export interface NamedReward {
  readonly name: string;
  readonly reward: RewardFunction;
  readonly weight: number;
  /** Seconds, without those in which an engine holds the thread, after which a call counts as failed. */
  readonly timeout: number;
}

/**
 * Asks a reward function for its B scores. Whatever is wrong with them ends the run: a reward that failed and
 * counted as 0 would train on noise.
 * @throws RunError naming the reward, the step and the sample: it threw, took longer than its timeout, gave a wrong
 * number of scores, or a score that is neither a finite number nor null.
 */
export async function callReward(
  named: NamedReward,
  batch: RewardBatch,
  evaluating = false,
): Promise<readonly (number | null)[]> {
  const what = `reward "${named.name}" ${evaluating ? 'in the evaluation ' : ''}at step ${batch.step}`;
  return checkScores(what, await raceTimeout(what, named, batch), batch);
}

/** Races the reward against its timeout, and tells it to stop when that has passed or nobody waits any more. */
async function raceTimeout(
  what: string,
  { reward, timeout }: NamedReward,
  batch: RewardBatch,
): Promise<unknown> {
  const late = new AbortController();
  const timer = new FairTimer(timeout * 1000, () => late.abort());
  const signal = AbortSignal.any([batch.signal, late.signal]);
  const stopped = aborted(signal);
  try {
    const scores = await Promise.race([
      withStrays(what, () => reward({ ...batch, signal })),
      stopped.promise,
    ]);
    // The timer can't ring while code that never awaits holds the thread.
    if (timer.isOver) late.abort();
    if (late.signal.aborted) throw late.signal.reason;
    return scores;
  } catch (cause) {
    if (late.signal.aborted)
      throw new RunError(`${what} took longer than its timeout of ${timeout} s`, { cause });
    const last = batch.completions.length - 1;
    throw new RunError(`${what} failed on samples 0 to ${last}: ${whatFailed(cause)}`, { cause });
  } finally {
    timer.stop();
    stopped.forget();
  }
}

/** A promise that rejects when the signal aborts, and a way to stop listening. */
function aborted(signal: AbortSignal): { promise: Promise<never>; forget: () => void } {
  let forget = () => {};
  const promise = new Promise<never>((_, reject) => {
    const onAbort = () => reject(signal.reason);
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, { once: true });
    forget = () => signal.removeEventListener('abort', onAbort);
  });
  return { promise, forget };
}
