import type { RandomStream } from '../../src/random.ts';

export const pick = <T>(stream: RandomStream, items: readonly T[]): T =>
  items[Math.floor(stream.next() * items.length)]!;

/** A whole number from low to high, both included. */
export const whole = (stream: RandomStream, low: number, high: number): number =>
  low + Math.floor(stream.next() * (high - low + 1));
