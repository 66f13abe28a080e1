import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { WorkerPool } from '../../rewards/limits/worker-pool.ts';
import type { PoolTask } from './pool-worker.ts';

describe('WorkerPool', () => {
  let pool: WorkerPool<PoolTask, number>;
  const never = new AbortController().signal;
  const double = (n: number) => pool.run({ do: 'double', n }, never);
  beforeEach(() => {
    pool = new WorkerPool(new URL('./pool-worker', import.meta.url), { threads: 2, memoryMb: 64 });
  });
  afterEach(async () => {
    await pool.close();
    expect(pool.workers).toBe(0);
  });

  test('tasks outnumber workers, and each gets its own answer', async () => {
    const numbers = Array.from({ length: 20 }, (_, i) => i);
    expect(await Promise.all(numbers.map(double))).toEqual(numbers.map((n) => 2 * n));
    expect(pool.workers).toBe(2);
  });

  test('what a task throws is thrown, and its worker goes on', async () => {
    await expect(pool.run({ do: 'throw' }, never)).rejects.toThrow(new RangeError('too far'));
    expect(await double(4)).toBe(8);
    expect(pool.workers).toBe(1);
  });

  test('a task over its memory ends its worker, and the others are served', async () => {
    const greedy = expect(pool.run({ do: 'allocate' }, never)).rejects.toMatchObject({
      code: 'ERR_WORKER_OUT_OF_MEMORY',
    });
    expect(await Promise.all([double(1), double(2), double(3)])).toEqual([2, 4, 6]);
    await greedy;
    expect(await double(5)).toBe(10);
  });

  test('a task over its time ends its worker, counted from when a worker took it', async () => {
    const spinning = [0, 1, 2].map(() =>
      expect(pool.run({ do: 'spin' }, never, 300)).rejects.toThrow('the worker was stopped'),
    );
    await Promise.all(spinning);
    expect(await double(6)).toBe(12);
  });

  test('a worker that answers as its time ends gets no other task', async () => {
    await double(1);
    for (let i = 0; i < 20; i++) {
      const late = pool.run({ do: 'double', n: i }, never, 5).catch(() => undefined);
      // The answer and the end of the time both wait for this thread: the worker is stopped, then heard.
      blockThread(15);
      await late;
      expect(await double(i)).toBe(2 * i);
    }
  });

  test('the time of a task does not count while its worker loads', async () => {
    expect(await pool.run({ do: 'double', n: 4 }, never, 50)).toBe(8);
  });

  test('a task whose run was aborted while it waited costs no worker', async () => {
    const stop = new AbortController();
    await Promise.all([double(1), double(2)]);
    const busy = [pool.run({ do: 'wait', ms: 100 }, never), pool.run({ do: 'wait', ms: 100 }, never)];
    const waiting = expect(pool.run({ do: 'double', n: 3 }, stop.signal)).rejects.toThrow('enough');
    stop.abort(new Error('enough'));
    await Promise.all([...busy, waiting]);
    expect(pool.workers).toBe(2);
  });

  test('aborting ends the task', async () => {
    const stop = new AbortController();
    const spinning = expect(pool.run({ do: 'spin' }, stop.signal)).rejects.toThrow();
    setTimeout(() => stop.abort(), 200);
    await spinning;
    await expect(pool.run({ do: 'double', n: 1 }, AbortSignal.abort())).rejects.toThrow();
    expect(await double(7)).toBe(14);
  });
});

function blockThread(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}
