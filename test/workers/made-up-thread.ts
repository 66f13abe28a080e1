import { setTimeout as sleep } from 'node:timers/promises';
import { parentPort } from 'node:worker_threads';
import { DivergedError, RunError } from '../../src/errors.ts';
import { HandedOver } from '../../src/workers/protocol.ts';
import { passWarningsOn, serveCalls } from '../../src/workers/serve-calls.ts';

/** What the tests of connections ask of a thread. */
export interface MadeUpCalls {
  double(numbers: Float32Array): Float32Array;
  /** The numbers doubled in place, and their buffer's size here after they have been given back. */
  doubleInPlace(numbers: Float32Array): Float32Array;
  /** Bytes of the last buffer that was handed back. */
  left(): number;
  log(word: string): readonly string[];
  untilAborted(): never;
  /** Tells the numbers below `count`, with pauses, until it is given up. */
  count(count: number, onNumber: (number: number, text: string) => void): number;
  wait(ms: number): number;
  fail(how: 'own' | 'diverged' | 'built-in' | 'system' | 'text'): never;
  warn(): void;
  exit(code: number): void;
  throwLater(): void;
  allocate(): void;
}

class HouseError extends RunError {}

const words: string[] = [];
let handed: ArrayBufferLike | undefined;

if (parentPort) {
  passWarningsOn(parentPort);
  serveCalls<MadeUpCalls>(parentPort, {
    double: (_, numbers) => numbers.map((number) => 2 * number),
    doubleInPlace(_, numbers) {
      for (let i = 0; i < numbers.length; i++) numbers[i]! *= 2;
      handed = numbers.buffer;
      return new HandedOver(numbers, [numbers]);
    },
    left: () => handed!.byteLength,
    async log(_, word) {
      words.push(word);
      await sleep(5);
      return [...words];
    },
    untilAborted: (signal) =>
      new Promise<never>((_, reject) =>
        signal.addEventListener('abort', () => {
          words.push('aborted');
          reject(signal.reason);
        }),
      ),
    async count(signal, count, onNumber) {
      for (let i = 0; i < count; i++) {
        signal.throwIfAborted();
        onNumber(i, `${i}`);
        await sleep(1);
      }
      return count;
    },
    wait: async (_, ms) => {
      await sleep(ms);
      return ms;
    },
    fail(_, how) {
      if (how === 'own') throw new HouseError('out of luck', { cause: new RangeError('too far') });
      if (how === 'diverged') throw new DivergedError('not finite', { cause: 'bad luck' });
      if (how === 'built-in') throw new TypeError('no number');
      if (how === 'text') throw 'just words';
      throw Object.assign(new Error('ENOSPC: no space left'), { code: 'ENOSPC', path: '/there' });
    },
    warn: () => process.emitWarning('the weather turns', { code: 'WEATHER' }),
    exit: (_, code) => process.exit(code),
    throwLater() {
      setTimeout(() => {
        throw new RangeError('nobody waits');
      }, 1);
      return new Promise<void>(() => {});
    },
    allocate() {
      const kept: number[][] = [];
      for (;;) kept.push(new Array(1000).fill(kept.length));
    },
  });
}
