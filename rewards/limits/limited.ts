import { InputError } from '../../src/errors.ts';

/**
 * Runs asynchronous work, no more than `most` at a time; the rest waits its turn.
 * @throws InputError when `most` is no positive whole number: work would wait for ever.
 */
export function limited(most: number): <T>(work: () => Promise<T>) => Promise<T> {
  if (!Number.isInteger(most) || most < 1) {
    throw new InputError(
      `the number of calls at a time must be a whole number of 1 or more, got ${String(most)}`,
    );
  }
  const waiting: (() => void)[] = [];
  let running = 0;
  return async (work) => {
    if (running >= most) await new Promise<void>((resolve) => waiting.push(resolve));
    else running++;
    try {
      return await work();
    } finally {
      // Whoever waits takes over this place, so `running` stays as it is.
      const next = waiting.shift();
      if (next === undefined) running--;
      else next();
    }
  };
}
