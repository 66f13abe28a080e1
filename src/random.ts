import seedrandom from 'seedrandom';

/** A seeded stream of random numbers whose state can be saved and put back. */
export interface RandomStream {
  /** Uniform in [0, 1), 53 bits. */
  next(): number;
  /** The generator's state as plain data, for checkpoints. */
  state(): object;
}

/**
 * Opens the stream `name` of a run's `seed`. Streams of different names are independent, so drawing more from one
 * (say, evaluation) never shifts another (say, sampling).
 */
export function randomStream(seed: number | string, name: string): RandomStream {
  return wrap(seedrandom(`${seed}/${name}`, { state: true }));
}

/** Continues a stream from the state that `state()` returned. */
export function restoreStream(state: object): RandomStream {
  return wrap(seedrandom('', { state: state as seedrandom.State.Arc4 }));
}

/** A standard normal deviate by Box–Muller; draws two numbers from the stream. */
export function normal(stream: RandomStream): number {
  const radius = Math.sqrt(-2 * Math.log(1 - stream.next()));
  return radius * Math.cos(2 * Math.PI * stream.next());
}

/** `count` distinct indices below `n`, shuffled: the head of a Fisher–Yates permutation. */
export function sampleIndices(stream: RandomStream, n: number, count: number = n): number[] {
  const order = Array.from({ length: n }, (_, i) => i);
  for (let i = 0; i < count; i++) {
    const j = i + Math.floor(stream.next() * (n - i));
    [order[i], order[j]] = [order[j]!, order[i]!];
  }
  return order.slice(0, count);
}

function wrap(generator: seedrandom.StatefulPRNG<seedrandom.State.Arc4>): RandomStream {
  return { next: () => generator.double(), state: () => ({ ...generator.state() }) };
}
