import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { DivergedError, InputError, RunError } from '../../src/errors.ts';
import { Connection } from '../../src/workers/connection.ts';
import { startThread } from '../../src/workers/start-thread.ts';
import type { MadeUpCalls } from './made-up-thread.ts';

const LONG = 50_000;

describe('a connection to a thread', () => {
  let thread: Connection<MadeUpCalls>;
  beforeEach(() => {
    thread = new Connection(
      startThread(new URL('./made-up-thread', import.meta.url), {
        resourceLimits: { maxOldGenerationSizeMb: 48 },
      }),
    );
  });
  afterEach(() => thread.close());

  test('answers calls, begun in their order', async () => {
    expect(await thread.call('double', [Float32Array.of(1, 2.5)])).toEqual(Float32Array.of(2, 5));
    const [, , last] = await Promise.all(['a', 'b', 'c'].map((word) => thread.call('log', [word])));
    expect(last).toEqual(['a', 'b', 'c']);
  });

  test('hands large buffers over in both directions, without a copy', async () => {
    const numbers = new Float32Array(LONG).fill(3);
    const doubled = await thread.call('doubleInPlace', [numbers], { transfer: [numbers.buffer] });
    expect([doubled.length, doubled[LONG - 1]]).toEqual([LONG, 6]);
    expect(numbers.byteLength).toBe(0);
    expect(await thread.call('left', [])).toBe(0);
  });

  test('a function among the arguments is told the parts of an answer, in order, before it ends', async () => {
    const told: (readonly [number, string])[] = [];
    const calls = [3, 5].map((count) => thread.call('count', [count, (...part) => told.push(part)]));
    expect(await Promise.all(calls)).toEqual([3, 5]);
    expect(told.length).toBe(8);
    const alone: number[] = [];
    await thread.call('count', [4, (number) => alone.push(number)]);
    expect(alone).toEqual([0, 1, 2, 3]);
  });

  test('a call whose function throws is given up, and fails with that', async () => {
    let told = 0;
    const call = thread.call('count', [
      100_000,
      () => {
        told++;
        throw new RangeError('no more');
      },
    ]);
    await expect(call).rejects.toThrow(new RangeError('no more'));
    expect(told).toBe(1);
    expect(await thread.call('wait', [1])).toBe(1);
  });

  test('copies buffers that are too small to be worth it', async () => {
    const numbers = Float32Array.of(1, 2);
    expect(await thread.call('doubleInPlace', [numbers])).toEqual(Float32Array.of(2, 4));
    expect(numbers).toEqual(Float32Array.of(1, 2));
    expect(await thread.call('left', [])).toBe(8);
  });

  test('throws what the thread threw: its class or the nearest above it, message, cause, fields, stack', async () => {
    const own: unknown = await thread.call('fail', ['own']).catch((error: unknown) => error);
    expect(own).toBeInstanceOf(RunError);
    expect(own).toMatchObject({ name: 'RunError', message: 'out of luck', cause: new RangeError('too far') });
    expect((own as Error).cause).toBeInstanceOf(RangeError);
    expect((own as Error).stack).toContain('made-up-thread.ts');
    const diverged: unknown = await thread.call('fail', ['diverged']).catch((error: unknown) => error);
    expect(diverged).toBeInstanceOf(DivergedError);
    expect(diverged).toMatchObject({ message: 'not finite', cause: 'bad luck' });
    await expect(thread.call('fail', ['built-in'])).rejects.toThrow(new TypeError('no number'));
    await expect(thread.call('fail', ['text'])).rejects.toThrow(new Error('just words'));
    await expect(thread.call('fail', ['system'])).rejects.toMatchObject({ code: 'ENOSPC', path: '/there' });
  });

  test('a call is given up when its signal aborts, with the reason, once the thread has given it up', async () => {
    const stop = new AbortController();
    const call = thread.call('untilAborted', [], { signal: stop.signal });
    const reason = new Error('enough');
    setTimeout(() => stop.abort(reason), 20);
    await expect(call).rejects.toBe(reason);
    expect(await thread.call('log', ['after'])).toEqual(['aborted', 'after']);
  });

  test('a call whose signal was aborted before is not made', async () => {
    const signal = AbortSignal.abort(new Error('before'));
    await expect(thread.call('log', ['never'], { signal })).rejects.toThrow('before');
    expect(await thread.call('log', ['later'])).toEqual(['later']);
  });

  test('a call that ends although its signal aborts has its result', async () => {
    const stop = new AbortController();
    const call = thread.call('wait', [40], { signal: stop.signal });
    setTimeout(() => stop.abort(), 5);
    expect(await call).toBe(40);
  });

  test('refuses what is no plain data, and goes on', async () => {
    const bad = { length: 1, map: () => 0 } as unknown as Float32Array;
    const call = thread.call('double', [bad]);
    await expect(call).rejects.toThrow(InputError);
    await expect(call).rejects.toThrow(/must be plain data.*could not be cloned.*runtime.worker=false/);
    expect(await thread.call('wait', [1])).toBe(1);
  });

  test('the thread’s warnings are the program’s', async () => {
    const warned = once(process, 'warning');
    await thread.call('warn', []);
    expect((await warned)[0]).toMatchObject({ message: 'the weather turns', code: 'WEATHER' });
  });

  test.each([
    ['exits', () => thread.call('exit', [3]), /has ended: it exited with code 3/],
    ['throws outside of any call', () => thread.call('throwLater', []), /has ended: nobody waits/],
    ['runs out of memory', () => thread.call('allocate', []), /has ended: its JavaScript heap is full/],
  ])('when the thread %s, calls under way fail and so do later ones', async (_, end, message) => {
    const waiting = thread.call('wait', [1e6]);
    const ends = expect(end()).rejects.toThrow(message);
    await expect(waiting).rejects.toThrow(RunError);
    await ends;
    await expect(thread.call('wait', [1])).rejects.toThrow(message);
  });

  test('closing it fails what is under way', async () => {
    const waiting = expect(thread.call('wait', [1e6])).rejects.toThrow(/has ended/);
    await sleep(5);
    await thread.close();
    await waiting;
  });
});
