import { AnnealError } from '../../errors.ts';

/**
 * Waits for a user's promise, at most `seconds`.
 * @throws what it rejects with, or an Error when `seconds` have passed.
 */
export async function withinSeconds<T>(promise: T | Promise<T>, seconds: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new AnnealError(`it took longer than ${seconds} s`)), seconds * 1000);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
