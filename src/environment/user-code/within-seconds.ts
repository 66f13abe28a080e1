import { AnnealError } from '../../errors.ts';
import { FairTimer } from './fair-timer.ts';

/**
 * Waits for a user's promise, at most `seconds` in which no engine holds the thread.
 * @throws what it rejects with, or an Error when `seconds` have passed.
 */
export async function withinSeconds<T>(promise: T | Promise<T>, seconds: number): Promise<T> {
  let timer: FairTimer | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = new FairTimer(seconds * 1000, () => reject(new AnnealError(`it took longer than ${seconds} s`)));
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    timer?.stop();
  }
}
