import { setImmediate } from 'node:timers/promises';
import { createContext, Script } from 'node:vm';
import type { RewardBatch } from '../../src/types.ts';
import { limited } from './limited.ts';

/** Milliseconds for a pattern on one text: thousands of times what a harmless one needs. */
export const PATTERN_MS = 500;

const context = createContext({ work: undefined });
const script = new Script('work()');

/**
 * What the work gives; undefined when it takes longer than `timeMs`, which must be a whole number. Ends even a regular
 * expression that backtracks without end: code that has started can be ended only from a script with a time limit.
 */
export function withinTime<T>(timeMs: number, work: () => T): { readonly value: T } | undefined {
  context.work = () => ({ value: work() });
  try {
    return script.runInContext(context, { timeout: timeMs });
  } catch (error) {
    if ((error as NodeJS.ErrnoException | null)?.code === 'ERR_SCRIPT_EXECUTION_TIMEOUT') return undefined;
    throw error;
  } finally {
    context.work = undefined;
  }
}

/**
 * Runs work on completions one after the other, each within the time; `otherwise` where it takes longer, which is counted
 * in `<name>/exceeded`. The run hears between two completions that it is to stop.
 */
export function limitedTime(
  name: string,
  timeMs: number,
): <T>(batch: RewardBatch, work: () => T, otherwise: T) => Promise<T> {
  const turn = limited(1);
  return (batch, work, otherwise) =>
    turn(async () => {
      await setImmediate();
      batch.signal.throwIfAborted();
      const result = withinTime(timeMs, work);
      batch.logMetric(`${name}/exceeded`, result === undefined ? 1 : 0);
      return result === undefined ? otherwise : result.value;
    });
}
