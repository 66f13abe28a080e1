// How a program and a thread that serves it talk: the program calls methods, and the thread answers each call once. An
// argument that is a function gets parts of the answer meanwhile: the thread calls it, and the program's is called.

/**
 * What a thread can be asked for: methods whose arguments and results are plain data. A function may stand among the
 * arguments themselves; it takes plain data and returns nothing.
 */
// biome-ignore lint/suspicious/noExplicitAny: the arguments of a method are of any type.
export type Methods<C> = { readonly [M in keyof C]: (...args: any[]) => unknown };

/** What answers the methods in the thread. The signal aborts when the caller's does. */
export type Handlers<C extends Methods<C>> = {
  readonly [M in keyof C]: (
    signal: AbortSignal,
    ...args: Parameters<C[M]>
  ) => Answer<ReturnType<C[M]>> | Promise<Answer<ReturnType<C[M]>>>;
};

/** A result, or one whose buffers are handed over rather than copied. */
export type Answer<T> = T | HandedOver<T>;

/** A result whose buffers belong to the caller from now on. */
export class HandedOver<T> {
  readonly value: T;
  readonly buffers: readonly ArrayBuffer[];

  constructor(value: T, arrays: Iterable<ArrayBufferView>) {
    this.value = value;
    this.buffers = buffersOf(arrays);
  }
}

/** Below this size copying is as cheap, and the buffer may be part of Node's pool, which can't be handed over. */
const WORTH_MOVING = 2 ** 16;

/** The buffers of arrays that are worth handing over, each once. */
export function buffersOf(arrays: Iterable<ArrayBufferView>): ArrayBuffer[] {
  const buffers = new Set([...arrays].map(({ buffer }) => buffer));
  return [...buffers].filter(
    (buffer) => buffer instanceof ArrayBuffer && buffer.byteLength >= WORTH_MOVING,
  ) as ArrayBuffer[];
}

/** To the thread. Functions among the arguments are left out; `listeners` has their places. */
export type Request =
  | {
      readonly type: 'call';
      readonly id: number;
      readonly method: string;
      readonly args: readonly unknown[];
      readonly listeners: readonly number[];
    }
  | { readonly type: 'abort'; readonly id: number };

/** From the thread. */
export type Reply =
  | { readonly type: 'answer'; readonly id: number; readonly result: unknown }
  /** What the thread called the function with that stands at `place` among the arguments. */
  | { readonly type: 'part'; readonly id: number; readonly place: number; readonly given: readonly unknown[] }
  | {
      readonly type: 'failure';
      readonly id: number;
      readonly error: PackedError;
      /** The call gave up because its signal was aborted. */
      readonly aborted: boolean;
    }
  | { readonly type: 'warning'; readonly warning: PackedError };

/** An error as plain data. */
export interface PackedError {
  /** The names of its classes, its own first. */
  readonly classes: readonly string[];
  readonly name: string;
  readonly message: string;
  readonly stack: string | undefined;
  /** Own fields such as `code` and `path`. */
  readonly fields: Readonly<Record<string, string | number>>;
  readonly cause: PackedError | { readonly text: string } | undefined;
}
