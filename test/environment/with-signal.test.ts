import { getEventListeners } from 'node:events';
import { describe, expect, test } from 'vitest';
import { withSignal } from '../../src/environment/scoring/with-signal.ts';

const listeners = (signal: AbortSignal) => getEventListeners(signal, 'abort').length;

describe('what runs with a signal of its own', () => {
  test('gives its result, after which the signal aborts', async () => {
    let own: AbortSignal | undefined;
    const result = await withSignal(undefined, async (signal) => {
      own = signal;
      await Promise.resolve();
      return { value: 7, aborted: signal.aborted };
    });
    expect(result).toEqual({ value: 7, aborted: false });
    expect(own!.aborted).toBe(true);
  });

  test('fails with its own error, after which the signal aborts', async () => {
    let own: AbortSignal | undefined;
    const failing = withSignal(undefined, async (signal) => {
      own = signal;
      throw new Error('no network');
    });
    await expect(failing).rejects.toThrow('no network');
    expect(own!.aborted).toBe(true);
  });

  test('fails, too, with what it throws before it gives a promise', async () => {
    let own: AbortSignal | undefined;
    const failing = withSignal(undefined, (signal) => {
      own = signal;
      throw new Error('no luck');
    });
    await expect(failing).rejects.toThrow('no luck');
    expect(own!.aborted).toBe(true);
  });

  test('is told at once when the parent aborts, and why', async () => {
    const parent = new AbortController();
    const reason = new Error('enough');
    const stopped = withSignal(
      parent.signal,
      (signal) =>
        new Promise<never>((_, reject) => {
          signal.addEventListener('abort', () => reject(signal.reason));
        }),
    );
    parent.abort(reason);
    await expect(stopped).rejects.toBe(reason);
  });

  test('begins with an aborted signal where the parent has aborted before', async () => {
    const reason = new Error('enough');
    const seen = await withSignal(AbortSignal.abort(reason), async (signal) => ({
      aborted: signal.aborted,
      reason: signal.reason,
    }));
    expect(seen).toEqual({ aborted: true, reason });
  });

  test('ends without a trace on the parent: it stays as it was, with nobody listening', async () => {
    const parent = new AbortController();
    let during = 0;
    for (const fails of [false, true]) {
      const run = withSignal(parent.signal, async () => {
        during = listeners(parent.signal);
        if (fails) throw new Error('no luck');
      });
      await run.catch(() => {});
      expect(during).toBe(1);
      expect(listeners(parent.signal)).toBe(0);
    }
    expect(parent.signal.aborted).toBe(false);
  });
});
